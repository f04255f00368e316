//! Applications and trunks: where numbers lead that name them, and which URL a call or a message would be taken to.
//!
//! Order for a call: fax mode, trunk, application, the number's own URL. For a message: the service, unless it leaves the
//! matter to the number; then the application; then the number's own URL.
//! Invariants: an application's change is one for all numbers that name it; one that is taken away leaves them leading nowhere, for
//! while a number names it, its own URLs are not asked.
//!
//! How to get it wrong: reading a number's own URL while it names an application. It is kept, and not asked.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::number::{OwnedNumber, Sid, rfc2822};
use crate::regulatory::checked_sid;
use crate::world::World;

/// An application of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// `AP…`
    pub sid: Sid,
    /// A name for people.
    pub friendly_name: String,
    /// None: unset.
    pub voice_url: Option<String>,
    /// None: unset.
    pub voice_fallback_url: Option<String>,
    /// None: unset.
    pub sms_url: Option<String>,
    /// None: unset.
    pub sms_fallback_url: Option<String>,
    /// None: unset.
    pub status_callback: Option<String>,
    /// When it was made.
    pub date_created: DateTime<Utc>,
    /// When it was last changed.
    pub date_updated: DateTime<Utc>,
}

impl Application {
    /// The application as the API shows it.
    pub(crate) fn resource(&self, account_sid: &str) -> Value {
        json!({
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "date_created": rfc2822(self.date_created),
            "date_updated": rfc2822(self.date_updated),
            "friendly_name": self.friendly_name,
            "message_status_callback": null,
            "public_application_connect_enabled": false,
            "sid": self.sid,
            "sms_fallback_method": "POST",
            "sms_fallback_url": self.sms_fallback_url,
            "sms_method": "POST",
            "sms_status_callback": null,
            "sms_url": self.sms_url,
            "status_callback": self.status_callback,
            "status_callback_method": "POST",
            "uri": format!("/2010-04-01/Accounts/{account_sid}/Applications/{}.json", self.sid),
            "voice_caller_id_lookup": false,
            "voice_fallback_method": "POST",
            "voice_fallback_url": self.voice_fallback_url,
            "voice_method": "POST",
            "voice_url": self.voice_url,
        })
    }
}

/// The account's applications and trunks.
#[derive(Debug, Default)]
pub(crate) struct Applications {
    /// Oldest first.
    pub(crate) all: Vec<Application>,
    pub(crate) trunks: Vec<Sid>,
}

impl Applications {
    pub(crate) fn get(&self, sid: &str) -> Option<&Application> {
        self.all.iter().find(|application| application.sid == sid)
    }

    /// Whether a number may name this trunk.
    pub(crate) fn has_trunk(&self, sid: &str) -> bool {
        self.trunks.iter().any(|known| known == sid)
    }
}

/// An application that a test puts into the account, changes, or removes; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApplicationOrder {
    /// Left out: a fresh one; with `TK` it is a trunk, which has nothing but its SID.
    pub sid: Option<Sid>,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// Where calls go.
    pub voice_url: Option<String>,
    /// Asked when that fails.
    pub voice_fallback_url: Option<String>,
    /// Where messages go.
    pub sms_url: Option<String>,
    /// Asked when that fails.
    pub sms_fallback_url: Option<String>,
    /// Told how calls fare.
    pub status_callback: Option<String>,
    /// Takes the application or the trunk with this `sid` away.
    pub remove: bool,
}

/// What reaches a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Traffic {
    /// A call.
    Call,
    /// A message.
    Message,
}

impl World {
    /// Carries an order out; the SID of the application or the trunk.
    pub(crate) fn order_application(&mut self, order: ApplicationOrder) -> Result<Sid, String> {
        let applications = &mut self.applications;
        if order.remove {
            let sid = order.sid.ok_or("remove needs the sid of what is to go")?;
            let before = applications.all.len() + applications.trunks.len();
            applications.all.retain(|application| application.sid != sid);
            applications.trunks.retain(|trunk| *trunk != sid);
            let is_gone = applications.all.len() + applications.trunks.len() < before;
            return if is_gone { Ok(sid) } else { Err(format!("{sid} is not in the account")) };
        }
        if let Some(sid) = order.sid.as_ref().filter(|sid| sid.starts_with("TK")) {
            let sid = checked_sid(sid.clone(), "TK")?;
            if !applications.has_trunk(&sid) {
                applications.trunks.push(sid.clone());
            }
            return Ok(sid);
        }
        let sid = match order.sid {
            Some(sid) => checked_sid(sid, "AP")?,
            None => self.new_sid("AP"),
        };
        let now = Utc::now();
        let all = &mut self.applications.all;
        if !all.iter().any(|application| application.sid == sid) {
            all.push(Application {
                sid: sid.clone(),
                friendly_name: "Simulated Application".into(),
                voice_url: None,
                voice_fallback_url: None,
                sms_url: None,
                sms_fallback_url: None,
                status_callback: None,
                date_created: now,
                date_updated: now,
            });
        }
        let application = all.iter_mut().find(|application| application.sid == sid).ok_or("put there just now")?;
        let set = |given: Option<String>, target: &mut Option<String>| *target = given.or(target.take());
        application.friendly_name = order.friendly_name.unwrap_or_else(|| application.friendly_name.clone());
        set(order.voice_url, &mut application.voice_url);
        set(order.voice_fallback_url, &mut application.voice_fallback_url);
        set(order.sms_url, &mut application.sms_url);
        set(order.sms_fallback_url, &mut application.sms_fallback_url);
        set(order.status_callback, &mut application.status_callback);
        application.date_updated = now;
        Ok(sid)
    }

    /// Who decides where a call or a message for a number goes, and where that is: first the URL, then its fallback.
    pub(crate) fn leads(&self, number: &OwnedNumber, what: Traffic) -> (&'static str, [Option<String>; 2]) {
        let unless_empty = |url: Option<&str>| url.filter(|url| !url.is_empty()).map(str::to_owned);
        let texts = |urls: [Option<&str>; 2]| urls.map(unless_empty);
        match what {
            Traffic::Call if number.voice_receive_mode == "fax" => ("fax", [None, None]),
            Traffic::Call if number.trunk_sid.is_some() => ("trunk", [None, None]),
            Traffic::Call if number.voice_application_sid.is_empty() => {
                ("number", texts([number.voice_url.as_deref(), number.voice_fallback_url.as_deref()]))
            }
            Traffic::Call => {
                let at = self.applications.get(&number.voice_application_sid);
                let urls = at.map(|at| [at.voice_url.as_deref(), at.voice_fallback_url.as_deref()]);
                ("application", texts(urls.unwrap_or_default()))
            }
            Traffic::Message => {
                let service = self.messaging.service_of(&number.sid).and_then(|sid| self.messaging.service(sid));
                if let Some(at) = service.filter(|service| !service.use_inbound_webhook_on_number) {
                    return ("service", texts([at.inbound_request_url.as_deref(), at.fallback_url.as_deref()]));
                }
                if number.sms_application_sid.is_empty() {
                    return ("number", texts([Some(&number.sms_url), Some(&number.sms_fallback_url)]));
                }
                let at = self.applications.get(&number.sms_application_sid);
                let urls = at.map(|at| [at.sms_url.as_deref(), at.sms_fallback_url.as_deref()]);
                ("application", texts(urls.unwrap_or_default()))
            }
        }
    }
}
