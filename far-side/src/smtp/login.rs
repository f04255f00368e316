//! Who says who they are: AUTH PLAIN and AUTH LOGIN.
//!
//! Invariant: a password is compared and forgotten.
//!
//! How to get it wrong: leaving the lines with passwords among what the client said.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::wire::Wire;

/// Asks for what is missing in `AUTH …`, and says user and password; `None`: it cannot be read.
pub(super) async fn read(wire: &mut Wire, argument: &str) -> io::Result<Option<(String, String)>> {
    let (mechanism, first) = argument.split_once(' ').unwrap_or((argument, ""));
    match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => {
            let text = if first.is_empty() { asked(wire, "").await? } else { decoded(first) };
            let parts: Vec<String> = text.unwrap_or_default().split('\0').map(str::to_owned).collect();
            Ok(<[String; 3]>::try_from(parts).ok().map(|[_, user, password]| (user, password)))
        }
        "LOGIN" => {
            let user = if first.is_empty() { asked(wire, "Username:").await? } else { decoded(first) };
            let password = asked(wire, "Password:").await?;
            Ok(user.zip(password))
        }
        _ => Ok(None),
    }
}

async fn asked(wire: &mut Wire, question: &str) -> io::Result<Option<String>> {
    wire.say(&format!("334 {}", STANDARD.encode(question))).await?;
    Ok(wire.line().await?.and_then(|line| decoded(&line)))
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}
