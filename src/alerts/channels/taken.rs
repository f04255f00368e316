//! Addresses that have a message, one by one: whoever has it is not sent it again when another one refuses.

use crate::db::Db;
use crate::db::alerts::message_taken_by;
use uuid::Uuid;

/// Writes down who has a message.
pub(in crate::alerts) struct Taken<'a> {
    pub(in crate::alerts) db: &'a Db,
    /// Nothing is written of a test.
    pub(in crate::alerts) message: Option<Uuid>,
    pub(in crate::alerts) log: &'a slog::Logger,
}

impl Taken<'_> {
    /// This address has it.
    pub(super) async fn by(&self, address: &str) {
        let Some(message) = self.message else { return };
        fail::fail_point!("message_taken");
        let whose = address.to_owned();
        let write = move |conn: &mut crate::db::Connection| message_taken_by(conn, message, &whose);
        if let Err(error) = self.db.run_patiently("message_taken_by", write).await {
            slog::warn!(self.log, "an address that was told may be told again"; "message" => message.to_string(),
                "error" => error.in_full());
        }
        fail::fail_point!("message_taken_by");
    }
}
