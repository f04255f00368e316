//! Somebody who is told, and what the tests of each channel need of the world.

use far_side::{FarSide, FarSideOptions, Request};
use standardwebhooks::Webhook;

use super::SIGNING;
use crate::world::{World, eventually};

/// What lasts for a second is told, and buying does nothing meanwhile.
pub(super) fn quiet() -> World {
    World::new().quiet().set("alerts.for_secs", 1).set("http.public_url", "https://numbers.example.com")
}

/// Somebody who takes everything.
pub(super) fn far() -> FarSide {
    FarSide::start(FarSideOptions::default()).expect("a far side")
}

impl World {
    /// Something is wrong from now on: `events.rejected`.
    pub(super) fn go_wrong(&self) {
        self.sql(
            "INSERT INTO event_refusals VALUES (date_trunc('minute', clock_timestamp()), 3) ON CONFLICT DO NOTHING",
        );
        eventually("it is raised", || self.alerts_open() == ["events.rejected warning"]);
    }

    /// It is right again.
    pub(super) fn go_right(&self) {
        self.sql("DELETE FROM event_refusals");
        eventually("it is over", || self.alerts_open().is_empty());
    }

    /// Nobody waits until a channel may have its next message.
    pub(super) fn hurry(&self) {
        self.sql("UPDATE alert_channels SET last_message_at = last_message_at - interval '1 hour'");
    }

    /// What is tried later is tried now.
    pub(super) fn try_again(&self) {
        self.sql("UPDATE alert_messages SET due_at = clock_timestamp() WHERE state = 'waiting' AND NOT gathers AND claim IS NULL");
    }

    /// The messages of a channel: `state tries status error`, in the order in which they were written. One that is being tried says
    /// so: what became of the try before is no answer to this one.
    pub(super) fn messages(&self, channel: &str) -> Vec<String> {
        let rows = self.sql(&format!(
            "SELECT concat_ws(' ', CASE WHEN claim IS NULL THEN state ELSE 'tried' END, tries, last_status, last_error)
               FROM alert_messages WHERE channel = '{channel}' ORDER BY number"
        ));
        rows.lines().map(str::to_owned).collect()
    }

    /// Waits until the last message of a channel stands so.
    pub(super) fn until_last(&self, channel: &str, begins: &str) {
        eventually(&format!("{channel}: {begins}"), || {
            self.hurry();
            self.messages(channel).pop().is_some_and(|last| last.starts_with(begins))
        });
    }
}

/// Whether this request is signed with a secret, over the very bytes that came.
pub(crate) fn is_signed(request: &Request, secret: &str) -> bool {
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, request.header(name).expect(name).parse().expect("a header"));
    }
    Webhook::new(secret).expect("a secret").verify(&request.body, &headers).is_ok()
}

/// Whether the usual secret signs it.
pub(super) fn is_ours(request: &Request) -> bool {
    is_signed(request, SIGNING)
}
