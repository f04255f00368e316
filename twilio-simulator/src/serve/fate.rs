//! What becomes of a request that a fault has chosen: a refusal, or the connection's end.
//!
//! Invariants: no effect is decided here. Whether the request took effect was settled by the fault's role before.
//!
//! How to get it wrong: a refusal without Twilio's shape, where Twilio itself would answer; only gateways answer HTML.

use std::time::Duration;

use crate::api::create::trial;
use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply};
use crate::fault::{Fault, FaultKind};

/// How a request ends.
#[derive(Debug)]
pub(crate) enum Ending {
    Reply(Reply),
    /// A TCP reset.
    Reset,
    /// An orderly close without an answer.
    Close,
    /// No answer, for that long or until the client leaves.
    Hang(Option<Duration>),
}

const HTML_502: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
    <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
const HTML_504: &str = "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n\
    <center><h1>504 Gateway Time-out</h1></center>\r\n</body>\r\n</html>\r\n";

fn server_error() -> Refusal {
    Refusal::new(500, 20500, "An internal server error has occurred")
}

/// The ending that a fault prescribes.
pub(crate) fn ending(fault: &Fault, request: &ApiRequest) -> Ending {
    let phone_number = request.form.get("PhoneNumber").unwrap_or_default();
    let mut refusal = match fault.kind {
        FaultKind::CommitThenReset | FaultKind::Reset => return Ending::Reset,
        FaultKind::CommitThenClose | FaultKind::Close => return Ending::Close,
        FaultKind::CommitThenHang | FaultKind::Hang => return Ending::Hang(fault.ms.map(Duration::from_millis)),
        FaultKind::CommitThenHtml502 | FaultKind::Html502 => return Ending::Reply(Reply::html(502, HTML_502)),
        FaultKind::Html504 => return Ending::Reply(Reply::html(504, HTML_504)),
        FaultKind::CommitThen503 | FaultKind::Error503 => {
            Refusal::new(503, 20503, "Service is unavailable, please try again")
        }
        FaultKind::TooManyRequests => Refusal::new(429, 20429, "Too Many Requests"),
        FaultKind::Suspended | FaultKind::Unauthorized => Refusal::authenticate(),
        FaultKind::TestCredentials => Refusal::new(403, 20008, "Resource not accessible with Test Account Credentials"),
        FaultKind::NotFound => Refusal::not_found(&request.path),
        FaultKind::Inactive20005 => Refusal::inactive(),
        FaultKind::Inactive10001 => Refusal::new(400, 10001, "Account is not active"),
        FaultKind::Barred => Refusal::new(403, 22300, "Account is restricted from provisioning new long codes"),
        FaultKind::Trial => trial(),
        FaultKind::InvalidNumber => Refusal::not_a_number(phone_number),
        FaultKind::BadPageToken => Refusal::new(400, 21481, "Invalid PageToken"),
        FaultKind::Refuse => Refusal::new(400, fault.code.unwrap_or(20001), "Refused"),
        FaultKind::CommitThen500 | FaultKind::Error500 => server_error(),
        // These act within a request, and never decide its fate.
        FaultKind::BalanceZero
        | FaultKind::Stolen
        | FaultKind::NoStock
        | FaultKind::Lag
        | FaultKind::AlreadyOwned21422
        | FaultKind::OldDateCreated
        | FaultKind::ForeignTag
        | FaultKind::NoCapability
        | FaultKind::Delay
        | FaultKind::MalformedJson
        | FaultKind::SlowBody
        | FaultKind::TruncatedBody
        | FaultKind::ForeignNextPage
        | FaultKind::LoopingNextPage
        | FaultKind::EndlessList
        | FaultKind::EmptyPage
        | FaultKind::RepeatRow
        | FaultKind::Omit
        | FaultKind::OddRow
        | FaultKind::DropParameters
        | FaultKind::Ghost
        | FaultKind::AddressRequired
        | FaultKind::LoseCapability
        | FaultKind::DateSkew
        | FaultKind::NoDate => server_error(),
    };
    refusal.status = fault.status.unwrap_or(refusal.status);
    refusal.retry_after = fault.retry_after;
    if let Some(message) = &fault.message {
        refusal.message.clone_from(message);
    }
    Ending::Reply(refusal.into())
}
