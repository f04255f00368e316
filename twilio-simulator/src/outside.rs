//! What happens to the account from outside the API: other people's numbers, reclaims, drift, rivals.
//!
//! Invariants: nothing here is counted as a purchase, an update or a release; the truth records only what came over the
//! API. A number that enters or leaves the account here is off the market.
//!
//! How to get it wrong: putting a number into the account and leaving it for sale.

use chrono::{DateTime, Utc};

use crate::foreign::{ForeignNumber, Webhooks};
use crate::monitor::{Actor, Who};
use crate::number::{OwnedNumber, Sid};
use crate::stock::kind::NumberKind;
use crate::stock::numbering::{friendly, parse_e164};
use crate::world::World;

impl World {
    /// Puts a number into the account, or changes it when it is there already; its SID.
    pub(crate) fn own(&mut self, foreign: ForeignNumber) -> Result<Sid, String> {
        let number = e164(&foreign.phone_number)?;
        if self.owned.by_number(&foreign.phone_number).is_none() {
            let kind = self.stock.pool_of(number).map_or(NumberKind::Local, |pool| pool.kind);
            let sid = match foreign.sid {
                Some(sid) => self.free_sid(sid)?,
                None => self.new_sid("PN"),
            };
            let mut owned = OwnedNumber::new(sid, &foreign.phone_number, kind, Utc::now());
            owned.foreign = true;
            self.stock.take(number);
            let actor = self.console_user();
            self.note(None, Some(&owned), actor);
            self.owned.insert(owned, None);
        }
        let sid = self.owned.by_number(&foreign.phone_number).map(|owned| owned.sid.clone());
        let owned = sid.and_then(|sid| self.owned.by_sid_mut(&sid));
        let owned = owned.ok_or("the number is not in the account")?;
        let set = |value: Option<String>, target: &mut String| {
            if let Some(value) = value {
                *target = value;
            }
        };
        set(foreign.friendly_name, &mut owned.friendly_name);
        set(foreign.sms_url, &mut owned.sms_url);
        set(foreign.status_callback, &mut owned.status_callback);
        owned.voice_url = foreign.voice_url.or(owned.voice_url.take());
        owned.date_created = foreign.date_created.unwrap_or(owned.date_created);
        owned.capabilities = foreign.capabilities.unwrap_or(owned.capabilities);
        Ok(owned.sid.clone())
    }

    fn free_sid(&self, sid: Sid) -> Result<Sid, String> {
        let digits = sid.strip_prefix("PN").unwrap_or("");
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("the SID of a number is PN and 32 hexadecimal digits".into());
        }
        if self.owned.by_sid(&sid).is_some() {
            return Err(format!("{sid} is another number's in the account"));
        }
        Ok(sid)
    }

    /// Takes a number out of the account; whether it was there.
    pub(crate) fn disown(&mut self, phone_number: &str) -> bool {
        let twilio = self.actor(Who::Twilio);
        self.disown_as(phone_number, twilio)
    }

    /// Takes a number out of the account, and notes who did it; whether it was there.
    pub(crate) fn disown_as(&mut self, phone_number: &str, actor: Actor) -> bool {
        let sid = self.owned.by_number(phone_number).map(|owned| owned.sid.clone());
        let Some(owned) = sid.and_then(|sid| self.owned.remove(&sid)) else { return false };
        if let Some(number) = parse_e164(&owned.phone_number) {
            self.stock.take(number);
        }
        self.number_gone(&owned.sid);
        self.note(Some(&owned), None, actor);
        true
    }

    /// Changes a number in the account; whether it is there.
    pub(crate) fn set_webhooks(&mut self, phone_number: &str, webhooks: Webhooks) -> bool {
        let actor = self.console_user();
        self.set_webhooks_as(phone_number, webhooks, actor)
    }

    /// Changes a number in the account, and notes who did it; whether it is there.
    pub(crate) fn set_webhooks_as(&mut self, phone_number: &str, webhooks: Webhooks, actor: Actor) -> bool {
        let sid = self.owned.by_number(phone_number).map(|owned| owned.sid.clone());
        let Some(owned) = sid.and_then(|sid| self.owned.by_sid_mut(&sid)) else { return false };
        let before = owned.clone();
        for (value, target) in [
            (webhooks.voice_method, &mut owned.voice_method),
            (webhooks.sms_url, &mut owned.sms_url),
            (webhooks.sms_method, &mut owned.sms_method),
            (webhooks.status_callback, &mut owned.status_callback),
            (webhooks.status_callback_method, &mut owned.status_callback_method),
            (webhooks.sms_fallback_url, &mut owned.sms_fallback_url),
            (webhooks.voice_receive_mode, &mut owned.voice_receive_mode),
            (webhooks.friendly_name, &mut owned.friendly_name),
            (webhooks.voice_application_sid.clone(), &mut owned.voice_application_sid),
            (webhooks.sms_application_sid, &mut owned.sms_application_sid),
        ] {
            if let Some(value) = value {
                *target = value;
            }
        }
        owned.voice_url = webhooks.voice_url.or(owned.voice_url.take());
        owned.voice_fallback_url = webhooks.voice_fallback_url.or(owned.voice_fallback_url.take());
        let names = |sid: &Option<String>| sid.as_ref().is_some_and(|sid| !sid.is_empty());
        // As over the API: naming one of them deletes the other.
        if names(&webhooks.trunk_sid) {
            owned.voice_application_sid.clear();
        } else if names(&webhooks.voice_application_sid) {
            owned.trunk_sid = None;
        }
        if let Some(trunk) = webhooks.trunk_sid {
            owned.trunk_sid = Some(trunk).filter(|trunk| !trunk.is_empty());
        }
        owned.date_updated = Utc::now();
        let after = owned.clone();
        self.note(Some(&before), Some(&after), actor);
        true
    }

    /// Dates a number in the account back, or forth; whether it is there.
    pub(crate) fn date(&mut self, phone_number: &str, date_created: DateTime<Utc>) -> bool {
        let sid = self.owned.by_number(phone_number).map(|owned| owned.sid.clone());
        let Some(owned) = sid.and_then(|sid| self.owned.by_sid_mut(&sid)) else { return false };
        owned.date_created = date_created;
        true
    }

    /// Gives a number in the account another `FriendlyName`; whether it is there.
    pub(crate) fn rename(&mut self, phone_number: &str, friendly_name: &str) -> bool {
        let name = if friendly_name.is_empty() { friendly(phone_number) } else { friendly_name.to_owned() };
        self.set_webhooks(phone_number, Webhooks { friendly_name: Some(name), ..Webhooks::default() })
    }

    /// Puts one number up for sale, whatever became of it before.
    pub(crate) fn offer(&mut self, phone_number: &str) -> Result<(), String> {
        let number = e164(phone_number)?;
        if self.owned.by_number(phone_number).is_some() {
            return Err(format!("{phone_number} is in the account"));
        }
        self.stock.offer(number)
    }

    /// A rival takes a number off the market.
    pub(crate) fn take(&mut self, phone_number: &str) -> Result<(), String> {
        self.stock.take(e164(phone_number)?);
        Ok(())
    }
}

fn e164(text: &str) -> Result<u64, String> {
    parse_e164(text).ok_or_else(|| format!("{text:?} is not an E.164 number such as +14155550100"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SimulatorOptions;

    #[test]
    fn numbers_come_go_and_drift() {
        let mut world = World::new(SimulatorOptions::default());
        let foreign = ForeignNumber::new("+14155550100").friendly_name("desk").voice_url("https://a.example");
        let sid = world.own(foreign).unwrap();
        assert_eq!(world.own(ForeignNumber::new("+14155550100")).unwrap(), sid);
        assert!(world.set_webhooks(
            "+14155550100",
            Webhooks { sms_url: Some("https://b.example".into()), ..Webhooks::default() }
        ));
        let owned = world.owned.by_sid(&sid).unwrap();
        assert_eq!((owned.friendly_name.as_str(), owned.sms_url.as_str()), ("desk", "https://b.example"));
        assert!(owned.foreign && owned.voice_url.as_deref() == Some("https://a.example"));
        assert!(world.rename("+14155550100", "front desk") && !world.rename("+14155550101", "front desk"));
        assert_eq!(world.owned.by_sid(&sid).unwrap().friendly_name, "front desk");
        assert!(world.rename("+14155550100", ""));
        assert_eq!(world.owned.by_sid(&sid).unwrap().friendly_name, "(415) 555-0100");
        assert!(world.offer("+14155550100").is_err());
        assert!(world.disown("+14155550100") && !world.disown("+14155550100"));
        assert!(world.offer("+14155550100").is_ok() && world.stock.available(14_155_550_100));
        assert!(world.own(ForeignNumber::new("4155550100")).is_err());
    }

    #[test]
    fn a_number_comes_back_under_its_old_sid() {
        let mut world = World::new(SimulatorOptions::default());
        let number = |number: &str, sid: &str| ForeignNumber::new(number).sid(sid);
        let old = format!("PN{}", "a".repeat(32));
        assert_eq!(world.own(number("+14155550100", &old)).as_deref(), Ok(old.as_str()));
        assert!(world.own(number("+14155550101", &old)).is_err());
        assert!(world.own(number("+14155550101", "PN12")).is_err());
        assert!(world.owned.by_number("+14155550101").is_none());
    }
}
