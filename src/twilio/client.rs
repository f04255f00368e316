//! The calls that callbunker makes, one method each.
//!
//! Invariants: a create names its `PhoneNumber`, never an `AreaCode`, because only the former may be repeated; a release
//! names a SID, which Twilio never gives twice, so it may be repeated too; next pages lie on the configured host.
//! How to get it wrong: adding a call that cannot be repeated and has no ledger entry before it.

use std::sync::Arc;
use std::time::Instant;

use super::answers::{Balance, Price, PriceAnswer};
use super::error::TwilioError;
use super::in_a_row::InARow;
use super::list::{ListPage, NumberPage};
use super::number::IncomingNumber;
use super::pages::goes_nowhere;
use super::refusal::About;
use super::search::{Found, SearchAnswer, query_of, stock_of};
use super::settings::{PAGE_SIZE, TwilioSettings};
use super::transport::{Answered, Transport};
use super::webhooks::{paper_parameters, webhook_changes, webhook_parameters};
use crate::domain::{CountryCode, Kind, Market, NumberSid, Papers, PhoneNumber, Tag, Webhooks};
use crate::telemetry::{Operation, Telemetry};

/// The client. Cheap to clone; all clones share connections.
#[derive(Clone)]
pub struct Twilio {
    pub(super) transport: Transport,
    pub(super) settings: Arc<TwilioSettings>,
    refused: Arc<InARow>,
}

/// A number that the account no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    /// This call released it. Twilio's id of the request.
    Now(Option<String>),
    /// It was gone already. Twilio's id of the request.
    Already(Option<String>),
}

impl Twilio {
    /// A client that has not connected yet; `runtime` lends the blocking threads.
    #[must_use]
    pub fn new(settings: TwilioSettings, runtime: tokio::runtime::Handle, telemetry: Telemetry) -> Self {
        let transport = Transport::new(&settings, runtime, telemetry);
        Self { transport, settings: Arc::new(settings), refused: Arc::default() }
    }

    /// The account that pays.
    #[must_use]
    pub fn account_sid(&self) -> &str {
        &self.settings.credentials.account_sid
    }

    /// Searches numbers that `market` sells, about 30 at a time; the same query gives the same rows.
    ///
    /// # Errors
    /// See [`TwilioError`]; a search changes nothing and may be repeated.
    pub async fn search(&self, market: &Market) -> Result<Found, TwilioError> {
        let Kind { country, number_type } = market.kind;
        let mut url = self.settings.url(&["AvailablePhoneNumbers", country.as_str(), stock_of(number_type)]);
        url.query_pairs_mut().extend_pairs(query_of(market));
        let found = self.transport.get::<SearchAnswer>(Operation::Search, url).await;
        Ok(found.map_err(|failure| failure.of_a_search(market.kind))?.body.found(market))
    }

    /// Whether Twilio sells numbers of a country at all, of whatever type.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub async fn sells_in(&self, country: CountryCode) -> Result<bool, TwilioError> {
        let url = self.settings.url(&["AvailablePhoneNumbers", &format!("{country}.json")]);
        match self.transport.get::<serde::de::IgnoredAny>(Operation::Search, url).await {
            Ok(_) => Ok(true),
            Err(TwilioError::Refused(refusal)) if refusal.is_not_there() => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Buys this very number, with our tag, webhooks and papers, in one call.
    ///
    /// # Errors
    /// See [`TwilioError`]. After [`TwilioError::Unknown`] the number may be ours: look before anything else is done.
    pub async fn create(
        &self,
        number: &PhoneNumber,
        tag: &Tag,
        webhooks: &Webhooks,
        papers: &Papers,
    ) -> Result<Answered<IncomingNumber>, TwilioError> {
        let url = self.settings.url(&["IncomingPhoneNumbers.json"]);
        let tag = tag.to_string();
        let mut form = vec![("PhoneNumber", number.as_str()), ("FriendlyName", tag.as_str())];
        form.extend(webhook_parameters(webhooks));
        form.extend(paper_parameters(papers));
        let answer = self.transport.post(Operation::Create, url, &form).await;
        self.about(Operation::Create, number.as_str(), answer)
    }

    /// Asks Twilio's list for this number of our account, and of several rows takes the one with `tag`. `None` = not ours,
    /// as far as the list shows now.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing. A row that may be the number and cannot be read, or a list that does not
    /// end where it should, says nothing: the outcome is unknown.
    pub async fn find(
        &self,
        number: &PhoneNumber,
        tag: Option<&Tag>,
    ) -> Result<Option<Answered<IncomingNumber>>, TwilioError> {
        let mut url = self.settings.url(&["IncomingPhoneNumbers.json"]);
        url.query_pairs_mut().append_pair("PhoneNumber", number.as_str());
        let answered = self.transport.get::<NumberPage>(Operation::List, url).await?;
        let (request_id, at) = (answered.request_id, answered.at);
        let mut page = ListPage::from(answered.body);
        // The filter matches parts of numbers, so equality is ours to check.
        if let Some(body) = page.row_of(number, tag) {
            return Ok(Some(Answered { body, request_id, at }));
        }
        if page.may_hide(number) {
            return Err(goes_nowhere("Twilio's list shows the number, perhaps, but its row cannot be read"));
        }
        if page.next.is_some() {
            return Err(goes_nowhere("Twilio's list of one number does not end"));
        }
        Ok(None)
    }

    /// Fetches a number by its SID; `None` = Twilio does not know it.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn fetch(&self, sid: &NumberSid) -> Result<Option<IncomingNumber>, TwilioError> {
        let url = self.settings.url(&["IncomingPhoneNumbers", &format!("{}.json", sid.as_str())]);
        let answer = self.transport.get(Operation::Fetch, url).await;
        match self.about(Operation::Fetch, sid.as_str(), answer) {
            Ok(answer) => Ok(Some(answer.body)),
            Err(failure) => failure.not_there().map(|_request_id| None),
        }
    }

    /// Sets a number's webhooks; `None` = Twilio does not know it. Repeating it is harmless.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn set_webhooks(
        &self,
        sid: &NumberSid,
        webhooks: &Webhooks,
    ) -> Result<Option<IncomingNumber>, TwilioError> {
        self.update(sid, &webhook_changes(webhooks)).await
    }

    /// Writes our tag on a number that the account has, and the webhooks too if they are given; `None` = Twilio does
    /// not know it. Repeating it is harmless.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn set_tag(
        &self,
        sid: &NumberSid,
        tag: &Tag,
        webhooks: Option<&Webhooks>,
    ) -> Result<Option<IncomingNumber>, TwilioError> {
        let tag = tag.to_string();
        let mut form = vec![("FriendlyName", tag.as_str())];
        if let Some(webhooks) = webhooks {
            form.extend(webhook_changes(webhooks));
        }
        self.update(sid, &form).await
    }

    /// Shows these papers for a number that the account has; `None` = Twilio does not know it. Repeating it is harmless, and
    /// what the number has else stays.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn set_papers(&self, sid: &NumberSid, papers: &Papers) -> Result<Option<IncomingNumber>, TwilioError> {
        self.update(sid, &paper_parameters(papers).collect::<Vec<_>>()).await
    }

    async fn update(&self, sid: &NumberSid, form: &[(&str, &str)]) -> Result<Option<IncomingNumber>, TwilioError> {
        let url = self.settings.url(&["IncomingPhoneNumbers", &format!("{}.json", sid.as_str())]);
        let answer = self.transport.post(Operation::Update, url, form).await;
        match self.about(Operation::Update, sid.as_str(), answer) {
            Ok(answer) => Ok(Some(answer.body)),
            Err(failure) => failure.not_there().map(|_request_id| None),
        }
    }

    /// Gives a number back to Twilio for ever. That it is gone already is what was wanted; repeating it is
    /// harmless, because a SID is never given twice.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn release(&self, sid: &NumberSid) -> Result<Gone, TwilioError> {
        let url = self.settings.url(&["IncomingPhoneNumbers", &format!("{}.json", sid.as_str())]);
        let answer = self.transport.delete(Operation::Delete, url).await;
        match self.about(Operation::Delete, sid.as_str(), answer) {
            Ok(answer) => Ok(Gone::Now(answer.request_id)),
            Err(failure) => failure.not_there().map(Gone::Already),
        }
    }

    /// What a number of `kind` costs a month; `None` = the price list does not say. Account-specific.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub async fn price(&self, kind: Kind) -> Result<Option<Price>, TwilioError> {
        let url = self.settings.prices(kind.country);
        Ok(self.transport.get::<PriceAnswer>(Operation::Pricing, url).await?.body.of(kind.number_type))
    }

    /// The account's balance. It may lag, and sub-accounts have none.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub async fn balance(&self) -> Result<Balance, TwilioError> {
        Ok(self.transport.get(Operation::Balance, self.settings.url(&["Balance.json"])).await?.body)
    }

    /// One page of the account's numbers: the first, or the one that the page before named. [`super::Pages`] turns them.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn list_page(&self, next: Option<&str>) -> Result<ListPage, TwilioError> {
        self.page_of_the_list(None, next).await
    }

    /// The same of the numbers that begin so, and perhaps of others: Twilio looks for parts, so what is equal is ours to check.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn list_page_of(&self, beginning: &str, next: Option<&str>) -> Result<ListPage, TwilioError> {
        self.page_of_the_list(Some(beginning), next).await
    }

    async fn page_of_the_list(&self, beginning: Option<&str>, next: Option<&str>) -> Result<ListPage, TwilioError> {
        let url = match next {
            Some(uri) => self.settings.next_page(uri)?,
            None => {
                let mut url = self.settings.url(&["IncomingPhoneNumbers.json"]);
                if let Some(beginning) = beginning {
                    url.query_pairs_mut().append_pair("PhoneNumber", beginning);
                }
                url.query_pairs_mut().append_pair("PageSize", &PAGE_SIZE.to_string());
                url
            }
        };
        Ok(self.transport.get::<NumberPage>(Operation::List, url).await?.body.into())
    }

    /// Asks for one row of the owned numbers, only to see whether Twilio accepts us. Whatever it says of them will do: an odd row must
    /// not keep buying halted.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn probe(&self) -> Result<(), TwilioError> {
        let first = self.settings.first_number();
        self.transport.get::<serde::de::IgnoredAny>(Operation::Probe, first).await.map(|_answer| ())
    }

    /// The outcome of a call about one number, which by itself concerns that number only.
    fn about<T>(&self, operation: Operation, number: &str, outcome: Result<T, TwilioError>) -> Result<T, TwilioError> {
        match outcome {
            Err(TwilioError::Refused(mut refusal)) => {
                if refusal.may_mind_the_number() && !self.refused.refused(operation, number, Instant::now()) {
                    refusal.about = About::Number;
                }
                Err(TwilioError::Refused(refusal))
            }
            Err(failure) => Err(failure),
            Ok(answer) => {
                self.refused.answered(operation);
                Ok(answer)
            }
        }
    }
}
