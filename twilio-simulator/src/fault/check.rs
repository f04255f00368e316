//! Which orders make sense.
//!
//! Invariants: whatever is refused here could never fire, or not as it was meant: a kind on a request that it cannot happen
//! to, an option that the kind does not use, a field or a parameter that no answer and no request has.
//!
//! How to get it wrong: letting a misspelt name pass. The test that ordered it would see nothing happen and be green.

use super::fields::{FIELDS, is_field};
use crate::api::parameters::settable;
use crate::fault::{ABSENT, Fault, FaultKind, On, Times};
use crate::stock::places::country;

impl Fault {
    /// Says why this fault could never fire, or not as it was meant.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.kind.works_on(self.on) {
            return Err(format!("{} cannot happen on {}", self.kind.name(), self.on.name()));
        }
        if self.times == Times::Count(0) {
            return Err("times is at least 1, or \"forever\"".into());
        }
        if self.status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Err("status is between 400 and 599".into());
        }
        let kind = self.kind;
        for (given, option, users) in [
            (self.ms.is_some(), "ms", MS_USERS),
            (self.requests.is_some(), "requests", &[FaultKind::Lag]),
            (self.code.is_some(), "code", &[FaultKind::Refuse]),
            (self.retry_after.is_some(), "retry_after", RETRY_AFTER_USERS),
            (self.field.is_some(), "field", &[FaultKind::OddRow]),
            (self.value.is_some(), "value", &[FaultKind::OddRow]),
            (self.parameters.is_some(), "parameters", &[FaultKind::DropParameters]),
            (self.skew_ms.is_some(), "skew_ms", &[FaultKind::DateSkew]),
        ] {
            if given && !users.contains(&kind) {
                let users: Vec<_> = users.iter().map(|user| user.name()).collect();
                return Err(format!("{option} is for {}, not for {}", users.join(", "), kind.name()));
            }
        }
        if self.on == On::EventDelivery && self.requests.is_some() {
            return Err("an event on its way is asked for by no requests: ms".into());
        }
        self.check_names()?;
        if let Some(code) = self.country.as_deref().filter(|code| country(code).is_none()) {
            return Err(format!("{code} has no numbers for sale"));
        }
        if self.area_code.is_some() && !matches!(self.on, On::Search | On::Any) {
            return Err(format!("a {} is by no area_code", self.on.name()));
        }
        let numberless = [
            On::Search,
            On::Balance,
            On::Address,
            On::Regulation,
            On::Bundle,
            On::Pricing,
            On::Account,
            On::Countries,
            On::Service,
            On::Campaign,
            On::Sink,
            On::Subscription,
            On::Application,
            On::Other,
        ];
        let picks = kind.picks_rows() && self.on == On::Search;
        if self.phone_number.is_some() && numberless.contains(&self.on) && !picks {
            return Err(format!("a {} is about no single phone_number", self.on.name()));
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), String> {
        let absent = self.value.as_ref().is_some_and(|value| value == ABSENT);
        match self.field.as_deref() {
            None if absent => return Err(format!("{ABSENT} needs a field; omit leaves out a whole row")),
            Some(path) if !is_field(self.on, path) => {
                return Err(format!("no answer has a field {path:?}; there are {}", FIELDS.join(", ")));
            }
            _ => {}
        }
        let names = self.parameters.iter().flatten();
        match names.map(String::as_str).find(|name| !settable(name)) {
            Some(name) => Err(format!("no create or update has a parameter {name:?}")),
            None => Ok(()),
        }
    }
}

const MS_USERS: &[FaultKind] =
    &[FaultKind::CommitThenHang, FaultKind::Hang, FaultKind::Lag, FaultKind::Delay, FaultKind::SlowBody];

const RETRY_AFTER_USERS: &[FaultKind] = &[
    FaultKind::TooManyRequests,
    FaultKind::Error500,
    FaultKind::Error503,
    FaultKind::CommitThen500,
    FaultKind::CommitThen503,
    FaultKind::Refuse,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::OwnedNumber;
    use crate::stock::kind::NumberKind;

    #[test]
    fn an_impossible_fault_is_refused() {
        assert!(Fault::new(On::Balance, FaultKind::Lag).check().is_err());
        assert!(Fault::new(On::Any, FaultKind::Lag).check().is_ok());
        assert!(Fault::new(On::Create, FaultKind::Hang).times(0).check().is_err());
        assert!(Fault::new(On::Create, FaultKind::Hang).retry_after(1).check().is_err());
        assert!(Fault::new(On::Create, FaultKind::Stolen).ms(1).check().is_err());
        assert!(Fault::new(On::Search, FaultKind::Hang).phone_number("+14155550100").check().is_err());
        assert!(Fault::new(On::Search, FaultKind::Ghost).phone_number("+14155550100").check().is_err());
        assert!(Fault::new(On::Search, FaultKind::OddRow).phone_number("+14155550100").check().is_ok());
        assert!(Fault::new(On::Any, FaultKind::Hang).country("UK").check().is_err());
        assert!(Fault::new(On::Any, FaultKind::Hang).country("GB").check().is_ok());
        assert!(Fault::new(On::Search, FaultKind::Hang).area_code("415").check().is_ok());
        assert!(Fault::new(On::Create, FaultKind::Hang).area_code("415").check().is_err());
        assert!(Fault::new(On::Any, FaultKind::NoDate).skew_ms(1).check().is_err());
    }

    #[test]
    fn a_misspelt_name_is_refused() {
        let odd = |field: &str| Fault::new(On::List, FaultKind::OddRow).field(field).check();
        for known in FIELDS.iter().copied().chain(["capabilities.mms", "capabilities.MMS"]) {
            assert_eq!(odd(known), Ok(()));
        }
        for unknown in ["", "freindly_name", "capability.mms", "capabilities.", ".sid"] {
            assert!(odd(unknown).is_err(), "{unknown}");
        }
        assert!(Fault::new(On::List, FaultKind::OddRow).absent().check().is_err());
        let dropped = |name: &str| Fault::new(On::Create, FaultKind::DropParameters).parameters([name]).check();
        assert_eq!((dropped("SmsUrl"), dropped("FriendlyName")), (Ok(()), Ok(())));
        assert!(dropped("SmsURL").is_err());
    }

    #[test]
    fn every_field_of_a_number_can_be_odd() {
        let number = OwnedNumber::new("PN1".into(), "+14155550100", NumberKind::Local, chrono::Utc::now());
        let resource = number.resource("AC1");
        for field in resource.as_object().unwrap().keys() {
            assert!(FIELDS.contains(&field.as_str()), "{field}");
        }
    }
}
