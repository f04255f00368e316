//! What systemd is told, if it started the daemon.

/// Tells it; nothing happens where nobody listens.
pub(super) fn notify(log: &slog::Logger, state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        slog::warn!(log, "systemd could not be told"; "error" => error.to_string());
    }
}
