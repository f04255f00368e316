//! Messaging services: which numbers are in one, what it does with their inbound SMS, and its campaign.
//!
//! Invariants: a number joins by its SID and answers by it: a success about another number is none; joining and leaving may
//! be repeated, and that it is so already is a success.
//! How to get it wrong: letting a refusal here halt all buying. What a key may not do with services says nothing of purchases,
//! so none of these calls counts refusals of the account.

use serde::Deserialize;
use serde_json::Value;

use super::client::{Gone, Twilio};
use super::error::TwilioError;
use super::lenient;
use super::page::{Page, RowsOf};
use super::transport::Answered;
use crate::domain::{MessagingServiceSid, NumberSid, Product};
use crate::telemetry::Operation;

/// A messaging service of the account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Service {
    /// A name for people.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) friendly_name: String,
    /// Whether SMS that comes in goes to the number's own webhook; else the service's counts, or nothing does.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(crate) use_inbound_webhook_on_number: bool,
    /// Where it goes else; empty = nowhere.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) inbound_request_url: String,
}

/// A campaign of a messaging service, by which its numbers may text in the United States.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Campaign {
    /// `PENDING`, `IN_PROGRESS`, `VERIFIED` or `FAILED`. A failure was seen with `PENDING` and errors.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) campaign_status: String,
    /// What is wrong with it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(crate) errors: Vec<CampaignError>,
}

/// What is wrong with a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct CampaignError {
    /// Twilio's code.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(crate) error_code: Option<i32>,
    /// Twilio's words.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) description: String,
}

/// A number that is in a messaging service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Member {
    /// Which one.
    pub(crate) sid: NumberSid,
}

#[derive(Deserialize)]
struct Campaigns {
    #[serde(default, deserialize_with = "lenient::or_default")]
    compliance: Vec<Value>,
}

impl CampaignError {
    /// Its code and Twilio's words, as far as there are any.
    pub(crate) fn words(&self) -> String {
        match (self.error_code, self.description.as_str()) {
            (Some(code), "") => code.to_string(),
            (Some(code), words) => format!("{code}: {words}"),
            (None, "") => "for no reason that is told".to_owned(),
            (None, words) => words.to_owned(),
        }
    }
}

impl Twilio {
    /// Puts a number into a messaging service. Repeating it is harmless.
    ///
    /// # Errors
    /// See [`TwilioError`]; that it is there already is a refusal
    /// ([`is_member_already`](super::refusal::Refusal::is_member_already)). After [`TwilioError::Unknown`] it may be there.
    pub(crate) async fn attach(
        &self,
        service: &MessagingServiceSid,
        number: &NumberSid,
    ) -> Result<Answered<Member>, TwilioError> {
        let form = [("PhoneNumberSid", number.as_str())];
        let answered: Answered<Member> =
            self.transport.post(Operation::Attach, self.settings.members(service), &form).await?;
        if answered.body.sid == *number {
            return Ok(answered);
        }
        Err(TwilioError::Unknown {
            message: "Twilio answered about another number than was to join the messaging service".to_owned(),
            status: Some(200),
            request_id: answered.request_id,
        })
    }

    /// Whether a number is in a messaging service; `None` = it is not, or there is no such service.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn member(
        &self,
        service: &MessagingServiceSid,
        number: &NumberSid,
    ) -> Result<Option<Member>, TwilioError> {
        let url = self.settings.member(service, number);
        match self.transport.get::<Member>(Operation::Member, url).await {
            Ok(Answered { body, .. }) if body.sid == *number => Ok(Some(body)),
            Ok(answered) => Err(TwilioError::Unknown {
                message: "Twilio answered about another number than was asked for".to_owned(),
                status: Some(200),
                request_id: answered.request_id,
            }),
            // Twilio has a word of its own for a number that is not in this service, beside the one for whatever is not there.
            Err(TwilioError::Refused(refusal)) if refusal.is_no_member() || refusal.knows_no_service() => Ok(None),
            Err(failure) => failure.not_there().map(|_request_id| None),
        }
    }

    /// One page of a messaging service's numbers: the first, or the one that the page before named.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing. That there is no such service is a refusal
    /// ([`says_not_there`](TwilioError::says_not_there)).
    pub(crate) async fn members(
        &self,
        service: &MessagingServiceSid,
        next: Option<&str>,
    ) -> Result<Page<Member>, TwilioError> {
        let url = self.settings.page_of(Product::Messaging, self.settings.members(service), next)?;
        let answered = self.transport.get::<RowsOf>(Operation::Members, url).await?;
        Page::read(answered, "phone_numbers")
    }

    /// Takes a number out of a messaging service; that it is in it no more is what was wanted.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub(crate) async fn detach(&self, service: &MessagingServiceSid, number: &NumberSid) -> Result<Gone, TwilioError> {
        let url = self.settings.member(service, number);
        match self.transport.delete(Operation::Detach, url).await {
            Ok(answered) => Ok(Gone::Now(answered.request_id)),
            Err(TwilioError::Refused(refusal)) if refusal.is_no_member() || refusal.knows_no_service() => {
                Ok(Gone::Already(refusal.request_id))
            }
            Err(failure) => failure.not_there().map(Gone::Already),
        }
    }

    /// A messaging service; `None` = the account has no such one.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn service(&self, service: &MessagingServiceSid) -> Result<Option<Service>, TwilioError> {
        match self.transport.get(Operation::Service, self.settings.service(service)).await {
            Ok(answered) => Ok(Some(answered.body)),
            Err(TwilioError::Refused(refusal)) if refusal.knows_no_service() => Ok(None),
            Err(failure) => failure.not_there().map(|_request_id| None),
        }
    }

    /// The campaigns of a messaging service: one, as a rule, or none.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn campaigns(&self, service: &MessagingServiceSid) -> Result<Vec<Campaign>, TwilioError> {
        let url = self.settings.campaigns(service);
        let found = self.transport.get::<Campaigns>(Operation::Campaign, url).await?.body.compliance;
        Ok(found.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_and_its_campaign_are_read_whatever_is_odd_about_them() {
        let service: Service = serde_json::from_str("{}").unwrap();
        assert_eq!((service.use_inbound_webhook_on_number, service.inbound_request_url.as_str()), (false, ""));
        let told = r#"{"friendly_name":"a\u0007b","use_inbound_webhook_on_number":true,"inbound_request_url":null}"#;
        let service: Service = serde_json::from_str(told).unwrap();
        assert!(service.use_inbound_webhook_on_number && !service.friendly_name.contains('\u{7}'));
        let told =
            r#"{"campaign_status":"PENDING","errors":[{"error_code":30886,"fields":["USE_CASE"],"description":"x"}]}"#;
        let campaign: Campaign = serde_json::from_str(told).unwrap();
        assert_eq!((campaign.campaign_status.as_str(), campaign.errors[0].error_code), ("PENDING", Some(30886)));
        let bare: Campaign = serde_json::from_str(r#"{"errors":null}"#).unwrap();
        assert!(bare.errors.is_empty() && bare.campaign_status.is_empty());
    }
}
