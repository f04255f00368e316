//! Somebody with a browser: a cookie, the pages' CSRF token, and forms.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::world::daemon::{Daemon, Reply};

pub const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
pub const HTML: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// What the login form sends.
pub fn login(daemon: &Daemon, fields: &[(&str, &str)]) -> Reply {
    login_with(daemon, fields, &[HTML])
}

pub fn login_with(daemon: &Daemon, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
    let mut all = vec![FORM];
    all.extend_from_slice(headers);
    daemon.send("POST", "/admin/login", &all, Some(form(fields).as_bytes()))
}

pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Browser {
    pub token: String,
}

impl Browser {
    /// Logs in with this key.
    #[track_caller]
    pub fn logged_in(daemon: &Daemon, key: &str) -> Self {
        let welcome = login(daemon, &[("api_key", key)]);
        assert_eq!(welcome.status, 303, "{welcome:?}");
        Self::of(&welcome)
    }

    /// The browser that got this answer.
    pub fn of(welcome: &Reply) -> Self {
        let pair = welcome.headers["set-cookie"].split(';').next().expect("a cookie");
        Self { token: pair.strip_prefix("callbunker_session=").expect("our cookie").to_owned() }
    }

    pub fn cookie(&self) -> String {
        format!("other=1; callbunker_session={}", self.token)
    }

    /// The token that pages of this session carry.
    pub fn csrf(&self) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.token.as_bytes()).expect("any key");
        mac.update(b"callbunker csrf token 1");
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn get(&self, daemon: &Daemon, path: &str) -> Reply {
        daemon.send("GET", path, &[("Cookie", &self.cookie())], None)
    }

    /// A POST with these headers besides the cookie.
    pub fn post(&self, daemon: &Daemon, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let cookie = self.cookie();
        let mut all = vec![("Cookie", cookie.as_str())];
        all.extend_from_slice(headers);
        daemon.send("POST", path, &all, Some(body.as_bytes()))
    }

    /// A script's POST, with the token.
    pub fn call(&self, daemon: &Daemon, path: &str, body: &str) -> Reply {
        let csrf = self.csrf();
        self.post(daemon, path, &[("X-CSRF-Token", &csrf), ("Content-Type", "application/json")], body)
    }
}
