//! The machine codes of problems: each has one spelling, one status and one title.
//!
//! Invariant: these are public interface. New ones may be added; none changes its meaning, spelling or status.
//! How to get it wrong: adding a code where the detail of an existing one would do.

use http::StatusCode;

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $title:literal;)*) => {
        /// The machine code of a problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode { $($(#[$doc])* $variant),* }

        impl ProblemCode {
            /// Every code, for the API's description.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code that is spelled so.
            #[must_use]
            pub fn spelled(text: &str) -> Option<Self> {
                match text { $($code => Some(Self::$variant),)* _ => None }
            }

            /// The stable spelling.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// `/problems/<code>`, where the daemon serves what it means
            #[must_use]
            pub fn type_uri(self) -> &'static str {
                match self { $(Self::$variant => concat!("/problems/", $code)),* }
            }

            /// The status that always goes with it.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// The title that always goes with it.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }
    };
}

problem_codes! {
    /// A request that is not HTTP as everybody understands it.
    BadRequest = "bad_request", BAD_REQUEST, "Bad request";
    /// A transfer coding that nobody here understands.
    NotImplemented = "not_implemented", NOT_IMPLEMENTED, "Not implemented";
    /// No key, or a wrong one.
    Unauthorized = "unauthorized", UNAUTHORIZED, "A valid key is required";
    /// A right key in the wrong place.
    Forbidden = "forbidden", FORBIDDEN, "This key may not do that";
    /// Nothing there.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// Something there, but not for this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// A body that is not what the route takes.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// A body over the limit.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "Body too large";
    /// A body that did not arrive in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The body took too long";
    /// A body that is not JSON.
    MalformedJson = "malformed_json", BAD_REQUEST, "Malformed JSON";
    /// A field of a wrong type or out of range.
    InvalidField = "invalid_field", UNPROCESSABLE_ENTITY, "A field is not usable";
    /// A field that nobody reads.
    UnknownField = "unknown_field", UNPROCESSABLE_ENTITY, "A field is unknown";
    /// The same key came with another request before.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Idempotency key reused";
    /// Too many wrong keys from one address.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests";
    /// The user has no number.
    NotAssigned = "not_assigned", NOT_FOUND, "No number is assigned";
    /// The number has a user.
    Assigned = "assigned", CONFLICT, "The number is assigned";
    /// A number that is ours cannot be treated as somebody else's.
    Owned = "owned", CONFLICT, "The number is ours";
    /// Twilio said no; the detail has its words.
    TwilioRefused = "twilio_refused", BAD_GATEWAY, "Twilio refused";
    /// `strict` and none there.
    AreaCodeUnavailable = "area_code_unavailable", CONFLICT, "No number with this area code";
    /// No pool is of the country, and none of it is in stock.
    CountryUnavailable = "country_unavailable", CONFLICT, "No number of this country";
    /// No number in time.
    PoolEmpty = "pool_empty", SERVICE_UNAVAILABLE, "The pool is empty";
    /// The database does not answer.
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE, "The database is unavailable";
    /// A part is restarting, or too many connections.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Temporarily unavailable";
    /// Another purchase runs, or the number is on another way already.
    Locked = "locked", CONFLICT, "Something else is at work on it";
    /// Another environment's tag stands on the number, or it cannot go into the pool that it shall: an operator decides.
    Conflict = "conflict", CONFLICT, "The number does not allow it";
    /// The pool that was named wants what the number lacks.
    UnfitForPool = "unfit_for_pool", CONFLICT, "The number does not fit into the pool";
    /// An order that the pool placed is not cancelled; a pause ends it.
    AutomaticOrder = "automatic_order", CONFLICT, "The pool placed this order";
    /// The number is being given back to Twilio.
    Leaving = "leaving", CONFLICT, "The number is being given back";
    /// An operator's word keeps the number where it is.
    Protected = "protected", CONFLICT, "The number is protected";
    /// The hour's or the day's purchases are used up.
    SpendCap = "spend_cap", CONFLICT, "A spend cap is reached";
    /// The breaker is open.
    Halted = "halted", SERVICE_UNAVAILABLE, "Buying is halted";
    /// The daemon is going away.
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, "Shutting down";
    /// A bug.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_counted_by_its_own_name() {
        let telemetry = crate::telemetry::Telemetry::new(&["/"]);
        for code in ProblemCode::ALL {
            telemetry.answered(Some("/"), "GET", code.status().as_str(), std::time::Duration::ZERO);
        }
        let text = telemetry.render();
        assert!(text.contains("status=\"502\"") && !text.contains("status=\"other\""), "{text}");
    }

    #[test]
    fn codes_are_spelled_once() {
        let mut codes: Vec<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ProblemCode::ALL.len());
        assert!(codes.len() >= 23);
    }
}
