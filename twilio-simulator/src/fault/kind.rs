//! The catalogue of faults. Some of them bend events on their way to sinks as well: `omit` (never sent), `delay` (late),
//! `repeat_row` (twice), `lag` (after the next one), `foreign_tag` (another account's signature), `stolen` (somebody who
//! overheard the URL sends another body to it, too) and `odd_row`.
//!
//! Invariants: every kind has exactly one name on the wire (`FaultKind::name`), one role, and a stated set of request
//! kinds (an empty set means all).
//!
//! How to get it wrong: giving a kind the wrong role. A `CommitThen` kind must leave its effect behind, an `Instead` kind
//! must leave none; tests of double purchases stand on that difference.

use serde::{Deserialize, Serialize};

use super::on::On;

impl FaultKind {
    /// Whether it can happen to an event on its way.
    fn bends_events(self) -> bool {
        matches!(
            self,
            Self::Omit | Self::Delay | Self::RepeatRow | Self::Lag | Self::ForeignTag | Self::Stolen | Self::OddRow
        )
    }

    /// Whether `phone_number` picks a row of a list or a search, instead of requests that ask for that number.
    pub(crate) fn picks_rows(self) -> bool {
        matches!(self, Self::OddRow | Self::Omit | Self::LoseCapability)
    }
}

/// When a fault acts, relative to the effect of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The request takes effect at once, then its answer is lost or replaced.
    CommitThen,
    /// The request has no effect.
    Instead,
    /// The request is carried out, but differently, or its answer is bent. Several may act on one request.
    Within,
}

macro_rules! catalogue {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $role:ident, [$($on:ident),*];)*) => {
        /// What goes wrong. The names on the wire are in [`FaultKind::name`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FaultKind {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl FaultKind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: &'static [FaultKind] = &[$(FaultKind::$variant),*];

            /// The name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(crate) fn role(self) -> Role {
                match self { $(Self::$variant => Role::$role,)* }
            }

            /// Whether it can happen to a request of kind `on`.
            pub fn works_on(self, on: On) -> bool {
                let only: &[On] = match self { $(Self::$variant => &[$(On::$on),*],)* };
                on == On::Any || only.contains(&on) || only.is_empty() && on != On::EventDelivery || on == On::EventDelivery && self.bends_events()
            }
        }
    };
}

catalogue! {
    /// Takes effect, then never answers (`ms`: closes after that long).
    CommitThenHang = "commit_then_hang", CommitThen, [];
    /// Takes effect, then a TCP reset instead of an answer.
    CommitThenReset = "commit_then_reset", CommitThen, [];
    /// Takes effect, then the connection is closed in an orderly way without an answer.
    CommitThenClose = "commit_then_close", CommitThen, [];
    /// Takes effect, then 500/20500.
    CommitThen500 = "commit_then_500", CommitThen, [];
    /// Takes effect, then 503/20503.
    CommitThen503 = "commit_then_503", CommitThen, [];
    /// Takes effect, then a 502 page.
    CommitThenHtml502 = "commit_then_html_502", CommitThen, [];
    /// A TCP reset, no effect.
    Reset = "reset", Instead, [];
    /// An orderly close without an answer, no effect.
    Close = "close", Instead, [];
    /// Never answers, no effect (`ms`: closes after that long).
    Hang = "hang", Instead, [];
    /// 429/20429, with `Retry-After` when `retry_after` is given.
    TooManyRequests = "429", Instead, [];
    /// 500/20500, no effect.
    Error500 = "500", Instead, [];
    /// 503/20503, no effect (`retry_after` as for 429).
    Error503 = "503", Instead, [];
    /// A gateway's HTML page with status 502.
    Html502 = "html_502", Instead, [];
    /// A gateway's HTML page with status 504.
    Html504 = "html_504", Instead, [];
    /// 401/20003, as for a suspended account.
    Suspended = "suspended", Instead, [];
    /// 401/20003, as for wrong credentials.
    Unauthorized = "unauthorized", Instead, [];
    /// 403/20008, as for test credentials.
    TestCredentials = "test_credentials", Instead, [];
    /// 404/20404.
    NotFound = "not_found", Instead, [];
    /// 403/20005, the account is not active.
    Inactive20005 = "inactive_20005", Instead, [];
    /// 400/10001, the account is not active (funds or terms).
    Inactive10001 = "inactive_10001", Instead, [];
    /// 403/22300, barred from buying.
    Barred = "barred", Instead, [Create];
    /// 400/21404, a trial account's second number.
    Trial = "trial", Instead, [Create];
    /// 400/21421, not a valid number.
    InvalidNumber = "invalid_number", Instead, [Create];
    /// 400/21481, the page token is refused.
    BadPageToken = "bad_page_token", Instead, [List, Members];
    /// Any refusal: `status` (400), `code` (20001) and `message` as given.
    Refuse = "refuse", Instead, [];
    /// On create: 403/20005 for want of money. On balance: the answer says 0.00.
    BalanceZero = "balance_zero", Within, [Create, Balance];
    /// On create: somebody else takes the number first (400/21422). On search: all rows shown are gone right after.
    Stolen = "stolen", Within, [Create, Search];
    /// On search: no rows. On create: 21452 for an area code, 21422 for a number.
    NoStock = "no_stock", Within, [Create, Search];
    /// The number that is bought, or the member that joined, stays invisible to look-ups for `ms` (1000) or for `requests` of them.
    Lag = "lag", Within, [Create, Attach];
    /// A repeated POST of an owned number is refused with 400/21422. Waits for such a POST.
    AlreadyOwned21422 = "already_owned_21422", Within, [Create];
    /// Another environment of the same account bought the number 30 days ago: 201 as an update, old `date_created`.
    OldDateCreated = "old_date_created", Within, [Create];
    /// On create: another environment of the account has just bought the number and keeps its `FriendlyName`.
    /// Elsewhere: the answer shows another `FriendlyName`.
    ForeignTag = "foreign_tag", Within, [Create, Fetch, Update, List];
    /// Numbers lack SMS: on create the number that is bought, elsewhere only in this answer.
    NoCapability = "no_capability", Within, [Create, Fetch, Update, List, Search];
    /// The answer comes `ms` (1000) later than usual.
    Delay = "delay", Within, [];
    /// The answer's body is not JSON although it says so.
    MalformedJson = "malformed_json", Within, [];
    /// The answer's body trickles in over `ms` (2000).
    SlowBody = "slow_body", Within, [];
    /// The connection ends in the middle of the answer's body.
    TruncatedBody = "truncated_body", Within, [];
    /// `next_page_uri` points to another host.
    ForeignNextPage = "foreign_next_page", Within, [List];
    /// `next_page_uri` is the page itself.
    LoopingNextPage = "looping_next_page", Within, [List];
    /// Every page of the list has a next one, whose rows are the same again, under a token that was never seen before.
    EndlessList = "endless_list", Within, [List];
    /// A page without rows that has a next one; the rows come on that.
    EmptyPage = "empty_page", Within, [List];
    /// The last row of a page is shown again as the first of the next one. Waits for a page that is not the first.
    RepeatRow = "repeat_row", Within, [List];
    /// The list leaves out a number (`phone_number`) or all, although they are in the account or the service; a fetch shows them.
    Omit = "omit", Within, [List, Members];
    /// One row is odd: its `field` holds `value` (null; `"__absent"` removes it). The first row, or that of `phone_number`.
    OddRow = "odd_row", Within, [Search, Create, List, Fetch, Update, Address, Regulation, Bundle, Attach, Member, Members, Service,
        Campaign, Assignment, Sink, Subscription, Monitor, Application, Calls, Messages, Usage];
    /// Carried out as if `parameters` (all but `PhoneNumber` and `AreaCode`) had not been sent.
    DropParameters = "drop_parameters", Within, [Create, Update];
    /// A search shows numbers that others have taken already, the same ones as long as it lasts; their creates are 21422.
    Ghost = "ghost", Within, [Search];
    /// A search shows numbers that need an address, though it may exclude them; their creates without one are 21631.
    AddressRequired = "address_required", Within, [Search];
    /// Owned numbers are shown without SMS and MMS: all of them, or `phone_number`.
    LoseCapability = "lose_capability", Within, [Fetch, List];
    /// The `Date` header is off by `skew_ms`; without that there is none.
    DateSkew = "date_skew", Within, [];
    /// No `Date` header.
    NoDate = "no_date", Within, [];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_wire_names() {
        for kind in FaultKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(serde_json::to_value(On::Create).unwrap(), On::Create.name());
    }
}
