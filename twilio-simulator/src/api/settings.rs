//! What can be set on a number: checked first, applied afterwards.
//!
//! Invariants: an omitted parameter stays, `""` clears; nothing is applied unless everything was valid. A trunk and a voice
//! application exclude each other: setting one deletes the other.
//!
//! How to get it wrong: applying while checking; a refused request would leave half of itself behind.

use crate::api::parameters::Parameters;
use crate::api::refusal::Refusal;
use crate::number::OwnedNumber;
use crate::stock::numbering::friendly;
use crate::world::World;

const FRIENDLY_NAME_CHARS_MAX: usize = 64;

/// What Twilio would refuse; `number` is the one that is to be changed, if there is one.
pub(crate) fn check(form: &Parameters, number: Option<&OwnedNumber>) -> Result<(), Refusal> {
    if form.get("FriendlyName").is_some_and(|name| name.chars().count() > FRIENDLY_NAME_CHARS_MAX) {
        return Err(Refusal::new(400, 20001, "FriendlyName cannot be longer than 64 characters"));
    }
    for (name, code) in [
        ("VoiceUrl", 21402),
        ("VoiceFallbackUrl", 21402),
        ("SmsUrl", 21402),
        ("SmsFallbackUrl", 21402),
        ("StatusCallback", 21502),
    ] {
        if form.get(name).is_some_and(|url| !url.is_empty() && !is_url(url)) {
            return Err(Refusal::new(400, code, format!("{name} is not a valid URL")));
        }
    }
    for name in ["VoiceMethod", "VoiceFallbackMethod", "SmsMethod", "SmsFallbackMethod", "StatusCallbackMethod"] {
        if form.get(name).is_some_and(|method| !method.is_empty() && !is_method(method)) {
            return Err(Refusal::new(400, 21403, format!("{name} is not a valid method: GET or POST")));
        }
    }
    for name in ["VoiceApplicationSid", "SmsApplicationSid"] {
        if form.get(name).is_some_and(|sid| !sid.is_empty() && !is_sid(sid, "AP")) {
            return Err(Refusal::new(400, 21420, format!("{name} is not accessible")));
        }
    }
    for (name, prefix) in [
        ("TrunkSid", "TK"),
        ("AddressSid", "AD"),
        ("IdentitySid", "RI"),
        ("BundleSid", "BU"),
        ("EmergencyAddressSid", "AD"),
    ] {
        if form.get(name).is_some_and(|sid| !sid.is_empty() && !is_sid(sid, prefix)) {
            return Err(Refusal::invalid(name));
        }
    }
    for (name, allowed) in [
        ("VoiceCallerIdLookup", &["true", "false"]),
        ("VoiceReceiveMode", &["voice", "fax"]),
        ("EmergencyStatus", &["Active", "Inactive"]),
    ] {
        if form.get(name).is_some_and(|value| !value.is_empty() && !allowed.contains(&value)) {
            return Err(Refusal::invalid(name));
        }
    }
    fallbacks(form, number)
}

/// What a number names must be in the account.
pub(crate) fn check_targets(form: &Parameters, world: &World) -> Result<(), Refusal> {
    let applications = &world.applications;
    let given = |name: &str| form.get(name).filter(|sid| !sid.is_empty());
    for name in ["VoiceApplicationSid", "SmsApplicationSid"] {
        if given(name).is_some_and(|sid| applications.get(sid).is_none()) {
            return Err(Refusal::new(400, 21420, format!("{name} is not accessible")));
        }
    }
    match given("TrunkSid") {
        Some(sid) if !applications.has_trunk(sid) => {
            Err(Refusal::new(400, world.unknown_trunk, "Invalid parameter TrunkSid"))
        }
        Some(_) | None => Ok(()),
    }
}

/// A fallback needs the URL that it stands in for.
fn fallbacks(form: &Parameters, number: Option<&OwnedNumber>) -> Result<(), Refusal> {
    let voice = number.and_then(|number| number.voice_url.as_deref()).unwrap_or("");
    let sms = number.map_or("", |number| number.sms_url.as_str());
    let given = |name: &str| form.get(name).is_some_and(|url| !url.is_empty());
    if given("VoiceFallbackUrl") && form.get("VoiceUrl").unwrap_or(voice).is_empty() {
        return Err(Refusal::new(400, 21405, "VoiceFallbackUrl cannot be set without VoiceUrl"));
    }
    if given("SmsFallbackUrl") && form.get("SmsUrl").unwrap_or(sms).is_empty() {
        return Err(Refusal::new(400, 21406, "SmsFallbackUrl cannot be set without SmsUrl"));
    }
    Ok(())
}

/// Applies what was checked.
pub(crate) fn apply(form: &Parameters, number: &mut OwnedNumber) {
    if let Some(name) = form.get("FriendlyName") {
        number.friendly_name = if name.is_empty() { friendly(&number.phone_number) } else { name.to_owned() };
    }
    let optional = |name: &str, target: &mut Option<String>| {
        if let Some(value) = form.get(name) {
            *target = Some(value.to_owned());
        }
    };
    optional("VoiceUrl", &mut number.voice_url);
    optional("VoiceFallbackUrl", &mut number.voice_fallback_url);
    let text = |name: &str, target: &mut String| {
        if let Some(value) = form.get(name) {
            value.clone_into(target);
        }
    };
    text("SmsUrl", &mut number.sms_url);
    text("SmsFallbackUrl", &mut number.sms_fallback_url);
    text("StatusCallback", &mut number.status_callback);
    text("VoiceApplicationSid", &mut number.voice_application_sid);
    text("SmsApplicationSid", &mut number.sms_application_sid);
    let method = |name: &str, target: &mut String| {
        if let Some(value) = form.get(name) {
            *target = if value.is_empty() { "POST".to_owned() } else { value.to_ascii_uppercase() };
        }
    };
    method("VoiceMethod", &mut number.voice_method);
    method("VoiceFallbackMethod", &mut number.voice_fallback_method);
    method("SmsMethod", &mut number.sms_method);
    method("SmsFallbackMethod", &mut number.sms_fallback_method);
    method("StatusCallbackMethod", &mut number.status_callback_method);
    let sid = |name: &str, target: &mut Option<String>| {
        if let Some(value) = form.get(name) {
            *target = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    };
    sid("TrunkSid", &mut number.trunk_sid);
    sid("AddressSid", &mut number.address_sid);
    sid("IdentitySid", &mut number.identity_sid);
    sid("BundleSid", &mut number.bundle_sid);
    sid("EmergencyAddressSid", &mut number.emergency_address_sid);
    if let Some(lookup) = form.get("VoiceCallerIdLookup") {
        number.voice_caller_id_lookup = lookup == "true";
    }
    if let Some(mode) = form.get("VoiceReceiveMode").filter(|mode| !mode.is_empty()) {
        mode.clone_into(&mut number.voice_receive_mode);
    }
    if let Some(status) = form.get("EmergencyStatus").filter(|status| !status.is_empty()) {
        status.clone_into(&mut number.emergency_status);
    }
    if form.get("TrunkSid").is_some_and(|sid| !sid.is_empty()) {
        number.voice_application_sid.clear();
    } else if form.get("VoiceApplicationSid").is_some_and(|sid| !sid.is_empty()) {
        number.trunk_sid = None;
    }
}

pub(crate) fn is_url(text: &str) -> bool {
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        text.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).map(|_| &text[scheme.len()..])
    });
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with(['/', ':', '?', '#']) && !text.contains(char::is_whitespace)
    })
}

fn is_method(text: &str) -> bool {
    text.eq_ignore_ascii_case("GET") || text.eq_ignore_ascii_case("POST")
}

pub(crate) fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::kind::NumberKind;

    fn refusal(form: &str) -> Option<u32> {
        check(&Parameters::parse(form.as_bytes()), None).err().map(|refusal| refusal.code)
    }

    #[test]
    fn bad_values_have_twilios_codes() {
        assert_eq!(refusal("VoiceUrl=https://example.com/x&SmsMethod=get"), None);
        assert_eq!(refusal("VoiceUrl=&SmsUrl="), None);
        assert_eq!(refusal("VoiceUrl=ftp://example.com"), Some(21402));
        assert_eq!(refusal("SmsUrl=https://"), Some(21402));
        assert_eq!(refusal("SmsUrl=example.com/sms"), Some(21402));
        assert_eq!(refusal("StatusCallback=nowhere"), Some(21502));
        assert_eq!(refusal("VoiceMethod=PUT"), Some(21403));
        assert_eq!(refusal("VoiceFallbackUrl=https://example.com"), Some(21405));
        assert_eq!(refusal("SmsFallbackUrl=https://example.com"), Some(21406));
        assert_eq!(refusal("VoiceApplicationSid=AP1"), Some(21420));
        assert_eq!(refusal("VoiceCallerIdLookup=yes"), Some(20001));
        let name = |count: usize| format!("FriendlyName={}", "%C3%A9".repeat(count));
        assert_eq!((refusal(&name(64)), refusal(&name(65))), (None, Some(20001)));
    }

    #[test]
    fn omitted_stays_and_empty_clears() {
        let mut number = OwnedNumber::new("PN1".into(), "+14155550100", NumberKind::Local, chrono::Utc::now());
        apply(&Parameters::parse(b"SmsUrl=https://a.example&FriendlyName=x"), &mut number);
        apply(&Parameters::parse(b"VoiceUrl=https://b.example"), &mut number);
        assert_eq!((number.sms_url.as_str(), number.friendly_name.as_str()), ("https://a.example", "x"));
        apply(&Parameters::parse(b"SmsUrl=&VoiceUrl=&FriendlyName="), &mut number);
        assert_eq!((number.sms_url.as_str(), number.voice_url.as_deref()), ("", Some("")));
        assert_eq!(number.friendly_name, "(415) 555-0100");
    }
}
