//! Twilio's errors: a status, a code, a text, in the shape of the 2010 API.
//!
//! Invariants: the `status` in the body is the HTTP status; `more_info` follows from the code; only 20003 has a `detail`,
//! and it is an object. Twilio does not document the HTTP status of every code; where it does not, the likeliest is
//! used (20005, 22300: 403; 10001, 21404: 400), and a client should decide by the code.
//!
//! How to get it wrong: answering an error with 200 or with a bare text; clients then see a success or no code.

use serde_json::{Value, json};

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: String,
    /// Seconds, for the header `Retry-After`.
    pub(crate) retry_after: Option<u64>,
    /// For 405.
    pub(crate) allow: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, allow: None }
    }

    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(404, 20404, format!("The requested resource {path} was not found"))
    }

    pub(crate) fn method(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::new(405, 20004, "Method not allowed") }
    }

    pub(crate) fn authenticate() -> Self {
        Self::new(401, 20003, "Authenticate")
    }

    pub(crate) fn inactive() -> Self {
        Self::new(403, 20005, "Account not active")
    }

    pub(crate) fn not_available(phone_number: &str) -> Self {
        Self::new(400, 21422, format!("{phone_number} is not available"))
    }

    pub(crate) fn not_a_number(phone_number: &str) -> Self {
        Self::new(400, 21421, format!("{phone_number} is not a valid number"))
    }

    /// A parameter whose value cannot be.
    pub(crate) fn invalid(parameter: &str) -> Self {
        Self::new(400, 20001, format!("Invalid parameter {parameter}"))
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status,
        });
        if self.code == 20003 {
            body["detail"] = json!({});
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_twilios() {
        let body = Refusal::not_available("+15005550000").body();
        assert_eq!(
            body,
            json!({"code": 21422, "message": "+15005550000 is not available",
                   "more_info": "https://www.twilio.com/docs/errors/21422", "status": 400})
        );
        assert_eq!(Refusal::authenticate().body()["detail"], json!({}));
    }
}
