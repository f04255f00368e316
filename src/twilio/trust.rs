//! TrustHub: customer profiles and trust products, and which numbers are assigned to them.
//!
//! Invariants: an assignment has a name of its own, which its end needs; a number is found by its SID, compared here, whatever
//! the list was asked for.
//! How to get it wrong: believing a refusal. Twilio documents no code for "it is assigned already": whoever is refused looks.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::client::{Gone, Twilio};
use super::error::TwilioError;
use super::lenient;
use super::page::{Page, RowsOf};
use super::pages::goes_nowhere;
use super::transport::Answered;
use crate::domain::{AssignmentSid, NumberSid, Product, TrustSid};
use crate::telemetry::Operation;

/// Which of the two: they have paths of their own, and their SIDs look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrustKind {
    /// Who the business is.
    CustomerProfile,
    /// What it may do, such as SHAKEN/STIR.
    TrustProduct,
}

impl TrustKind {
    /// As in its path.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::CustomerProfile => "CustomerProfiles",
            Self::TrustProduct => "TrustProducts",
        }
    }
}

/// A customer profile or a trust product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct TrustBundle {
    /// `twilio-approved`, or what keeps it from being that.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) status: String,
    /// When it ends; `None` = never, as far as is known.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub(crate) valid_until: Option<DateTime<Utc>>,
}

/// A number that is assigned to a profile or a product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Assignment {
    /// Twilio's name of it.
    pub(crate) sid: AssignmentSid,
    /// Which number.
    #[serde(rename = "channel_endpoint_sid")]
    pub(crate) number: NumberSid,
}

impl Twilio {
    /// Assigns a number to a profile or a product, a product after its profile. Whether it may be repeated nobody says: whoever
    /// is refused, or hears nothing, looks ([`Self::assignment`]).
    ///
    /// # Errors
    /// See [`TwilioError`]. After [`TwilioError::Unknown`] it may be assigned.
    pub(crate) async fn assign(
        &self,
        kind: TrustKind,
        bundle: &TrustSid,
        number: &NumberSid,
    ) -> Result<Answered<Assignment>, TwilioError> {
        let form = [("ChannelEndpointType", "phone-number"), ("ChannelEndpointSid", number.as_str())];
        let url = self.settings.assignments(kind.path(), bundle);
        let answered: Answered<Assignment> = self.transport.post(Operation::Assignment, url, &form).await?;
        if answered.body.number == *number {
            return Ok(answered);
        }
        Err(TwilioError::Unknown {
            message: "Twilio answered about another number than was to be assigned".to_owned(),
            status: Some(200),
            request_id: answered.request_id,
        })
    }

    /// The assignment of a number to a profile or a product; `None` = there is none.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing. That there is no such profile or product is a refusal
    /// ([`says_not_there`](TwilioError::says_not_there)).
    pub(crate) async fn assignment(
        &self,
        kind: TrustKind,
        bundle: &TrustSid,
        number: &NumberSid,
    ) -> Result<Option<Assignment>, TwilioError> {
        let mut url = self.settings.assignments(kind.path(), bundle);
        url.query_pairs_mut().append_pair("ChannelEndpointSid", number.as_str());
        let answered = self.transport.get::<RowsOf>(Operation::Assignment, url).await?;
        let page: Page<Assignment> = Page::read(answered, "results")?;
        let (unreadable, more) = (page.unreadable > 0, page.next.is_some());
        let found = page.rows.into_iter().find(|row| row.number == *number);
        if found.is_none() && (unreadable || more) {
            return Err(goes_nowhere("Twilio's list of the assignments of one number hides what it shows"));
        }
        Ok(found)
    }

    /// One page of the numbers that are assigned to a profile or a product: the first, or the one that the page before named.
    ///
    /// # Errors
    /// As [`Self::assignment`].
    pub(crate) async fn assignments(
        &self,
        kind: TrustKind,
        bundle: &TrustSid,
        next: Option<&str>,
    ) -> Result<Page<Assignment>, TwilioError> {
        let url = self.settings.page_of(Product::Trusthub, self.settings.assignments(kind.path(), bundle), next)?;
        let answered = self.transport.get::<RowsOf>(Operation::Assignment, url).await?;
        Page::read(answered, "results")
    }

    /// Ends an assignment; that it is over already is what was wanted.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub(crate) async fn unassign(
        &self,
        kind: TrustKind,
        bundle: &TrustSid,
        assignment: &AssignmentSid,
    ) -> Result<Gone, TwilioError> {
        let url = self.settings.assignment(kind.path(), bundle, assignment);
        match self.transport.delete(Operation::Assignment, url).await {
            Ok(answered) => Ok(Gone::Now(answered.request_id)),
            Err(failure) => failure.not_there().map(Gone::Already),
        }
    }

    /// A customer profile or a trust product; `None` = the account has no such one.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn trust(&self, kind: TrustKind, bundle: &TrustSid) -> Result<Option<TrustBundle>, TwilioError> {
        let url = self.settings.trust_bundle(kind.path(), bundle);
        match self.transport.get(Operation::Trust, url).await {
            Ok(answered) => Ok(Some(answered.body)),
            Err(failure) => failure.not_there().map(|_request_id| None),
        }
    }
}
