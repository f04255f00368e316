//! Into which pool a number goes, and what a pool wants that a number lacks.
//!
//! Invariants: whoever names a pool gets that one or a refusal that says what lacks; a number that nobody named one for goes
//! into the first pool of its kind, `default` first, and into `default` where none is: a move from another service must not
//! lose anybody's number. There it is apart, and serves only whoever asks for it.
//! How to get it wrong: taking what Twilio keeps silent about for a lack.

use super::error::CustodyError;
use super::keeper::Custody;
use crate::config::PoolConfig;
use crate::domain::{Kind, PoolName};
use crate::twilio::IncomingNumber;

impl Custody {
    /// Refuses a pool that is not configured.
    pub(super) fn known_pool(&self, pool: &PoolName) -> Result<(), CustodyError> {
        self.config.load().catalog().known(pool).map_err(CustodyError::Astray)
    }

    /// The pool that a number of the account goes into: `named`, if it is what that one wants.
    pub(super) fn pool_for(&self, found: &IncomingNumber, named: Option<&PoolName>) -> Result<PoolName, CustodyError> {
        let config = self.config.load();
        let kind = self.kind_of(found);
        let Some(pool) = named else {
            return Ok(config.catalog().of_number(kind).cloned().unwrap_or_else(PoolName::default_pool));
        };
        config.catalog().known(pool).map_err(CustodyError::Astray)?;
        match config.pool(pool).and_then(|wants| lacks(wants, &[kind], found)) {
            Some(lacks) => Err(CustodyError::UnfitForPool { pool: pool.clone(), lacks }),
            None => Ok(pool.clone()),
        }
    }
}

/// What the pool wants and the number lacks, in words; `None` = nothing. `kinds` are those that the number may be said to be of.
pub(super) fn lacks(wants: &PoolConfig, kinds: &[Kind], found: &IncomingNumber) -> Option<String> {
    let mut lacks = Vec::new();
    if let Some(kind) = kinds.first().filter(|_| !kinds.contains(&wants.kind())) {
        lacks.push(format!("it is a number of {kind}, and the pool holds {}", wants.kind()));
    }
    for capability in wants.capabilities.iter().filter(|wanted| found.lacks(&[**wanted])) {
        lacks.push(format!("it cannot do {capability}"));
    }
    (!lacks.is_empty()).then(|| lacks.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Capability, NumberType};

    fn found(sms: serde_json::Value) -> IncomingNumber {
        serde_json::from_value(serde_json::json!({
            "sid": "PN0123456789abcdef0123456789abcdef", "phone_number": "+447400123456", "type": "mobile",
            "capabilities": {"voice": true, "sms": sms},
        }))
        .unwrap()
    }

    #[test]
    fn everything_that_lacks_is_told_and_silence_is_no_lack() {
        let gb = |number_type| Kind { country: "GB".parse().unwrap(), number_type };
        let wants = PoolConfig {
            country: "GB".parse().unwrap(),
            number_type: NumberType::Mobile,
            capabilities: vec![Capability::Voice, Capability::Sms],
            ..PoolConfig::default()
        };
        let mobile = [gb(NumberType::Mobile)];
        assert_eq!(lacks(&wants, &mobile, &found(true.into())), None);
        assert_eq!(lacks(&wants, &mobile, &found(serde_json::Value::Null)), None, "Twilio does not say");
        assert_eq!(
            lacks(&wants, &[gb(NumberType::Local)], &found(false.into())).as_deref(),
            Some("it is a number of GB, local, and the pool holds GB, mobile; it cannot do sms")
        );
        // What the ledger says, or what Twilio does: either will do.
        let either = [gb(NumberType::Local), gb(NumberType::Mobile)];
        assert_eq!(lacks(&wants, &either, &found(true.into())), None);
    }
}
