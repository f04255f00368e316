//! Why an attachment stands as it does.

/// Why Twilio did not take it, or what was not clear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttachmentReason {
    /// Twilio's error code.
    pub twilio_code: Option<i32>,
    /// What Twilio said, or what happened.
    pub message: String,
    /// Twilio's name for the request.
    pub request_id: Option<String>,
}

/// SQL, of an attachment: why it stands as it does; the reason is bound from `$first` on (code, text, request).
pub(super) fn reason_set(first: u32) -> String {
    format!("twilio_code = ${first}, message = ${}, request_id = ${}", first + 1, first + 2)
}

/// Binds it.
macro_rules! bind_reason {
    ($query:expr, $reason:expr) => {
        $query
            .bind::<Nullable<Integer>, _>($reason.and_then(|reason| reason.twilio_code))
            .bind::<Nullable<Text>, _>($reason.map(|reason| reason.message.as_str()))
            .bind::<Nullable<Text>, _>($reason.and_then(|reason| reason.request_id.as_deref()))
    };
}
pub(super) use bind_reason;
