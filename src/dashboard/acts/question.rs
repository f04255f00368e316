//! The question before an act: what it does, what it costs, what it breaks.
//!
//! How to get it wrong: telling a price for another count than the one that the yes sends.

use askama::Template;

use super::super::page::Frame;
use super::super::text::{counted, sentence};
use super::way_back::asked_on;
use crate::api::plan::{Plan, PlanOfPool, Planned};
use crate::api::services::Services;
use crate::domain::{Cap, PoolName};
use crate::routing::Request;

#[derive(Template)]
#[template(path = "ask.html")]
pub(super) struct Question {
    pub(super) frame: Frame,
    pub(super) act: String,
    pub(super) heading: String,
    /// What it does, what it costs, what it breaks.
    pub(super) says: Vec<String>,
    /// What speaks against it.
    pub(super) warns: Vec<String>,
    pub(super) button: String,
    pub(super) is_dangerous: bool,
    pub(super) can_go: bool,
    /// Sent along with the yes.
    pub(super) hidden: Vec<(&'static str, String)>,
    /// A text that may be given: name, label, hint, and what somebody gave before a login came in between.
    pub(super) field: Option<(&'static str, &'static str, &'static str, String)>,
    /// One of several that is chosen: name, label, values.
    pub(super) choices: Option<(&'static str, &'static str, Vec<String>)>,
    /// What must be typed before what nothing undoes is done: label, text.
    pub(super) confirm: Option<(String, String)>,
    /// What can be asked for in its place: an act, and what its button is called.
    pub(super) instead: Option<(&'static str, &'static str)>,
    /// Where it was asked.
    pub(super) back: String,
    /// Whether the last answer was not taken, because what had to be typed was not.
    pub(super) is_wrong: bool,
}

impl Question {
    /// One that says nothing yet.
    pub(super) fn new(services: &Services, request: &Request) -> Self {
        Self {
            frame: Frame::new("Confirm", services, request),
            act: request.param_text("act").to_owned(),
            heading: String::new(),
            says: Vec::new(),
            warns: Vec::new(),
            button: String::new(),
            is_dangerous: false,
            can_go: true,
            hidden: Vec::new(),
            field: None,
            choices: None,
            confirm: None,
            back: asked_on(request),
            is_wrong: false,
            instead: None,
        }
    }

    pub(super) fn heading(mut self, heading: impl Into<String>) -> Self {
        self.heading = heading.into();
        self.frame.title.clone_from(&self.heading);
        self
    }

    pub(super) fn says(mut self, text: impl Into<String>) -> Self {
        self.says.push(text.into());
        self
    }

    pub(super) fn warns(mut self, text: impl Into<String>) -> Self {
        self.warns.push(text.into());
        self
    }

    pub(super) fn hidden(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    pub(super) fn field(mut self, name: &'static str, label: &'static str, hint: &'static str) -> Self {
        self.field = Some((name, label, hint, String::new()));
        self
    }

    /// One of these is chosen.
    pub(super) fn choice(mut self, name: &'static str, label: &'static str, values: Vec<String>) -> Self {
        self.choices = Some((name, label, values));
        self
    }

    /// Fills the field in as `request` has it: whoever had to log in first finds what they had typed.
    pub(super) fn filled(mut self, request: &Request) -> Self {
        if let Some((name, _, _, value)) = &mut self.field {
            *value = given(request, name);
        }
        self
    }

    /// What whoever says yes has to type; the act judges it once more.
    pub(super) fn confirm(mut self, label: impl Into<String>, wanted: impl Into<String>) -> Self {
        self.confirm = Some((label.into(), wanted.into()));
        self
    }

    /// What can be asked for in its place.
    pub(super) fn instead(self, act: &'static str, button: &'static str) -> Self {
        Self { instead: Some((act, button)), ..self }
    }

    /// There is nothing to say yes to.
    pub(super) fn impossible(self) -> Self {
        Self { can_go: false, field: None, choices: None, confirm: None, ..self }
    }

    /// What the yes is called.
    pub(super) fn button(mut self, button: impl Into<String>) -> Self {
        self.button = button.into();
        self
    }

    /// The same, for what cannot be undone or concerns users.
    pub(super) fn dangerous(self, button: impl Into<String>) -> Self {
        Self { is_dangerous: true, ..self.button(button) }
    }

    /// The plan as an operator reads it before saying yes.
    pub(super) fn tell_plan(&mut self, plan: &Plan) {
        let (planned, several) = (&plan.planned, plan.pools.len() > 1);
        let (would, price) = (planned.would_purchase, price(planned));
        if several {
            self.says.extend(plan.pools.iter().map(of_pool));
        }
        self.says.push(match price {
            _ if would == 0 => "Nothing would be bought.".to_owned(),
            (_, Some(total), Some(currency)) if several => {
                let would = counted(would.into(), "number");
                format!("Together {would} for {currency} {total} a month, the first month at once.")
            }
            (Some(_), Some(_), Some(_)) => format!("{}, the first month at once.", priced(would, price)),
            _ => format!("{}.", priced(would, price)),
        });
        if !several {
            self.says.push(sentence(&planned.explanation));
        }
        let (hour, day) = (planned.caps.hour_left, planned.caps.day_left);
        self.says.push(format!("The spend caps allow {hour} more this hour and {day} more today."));
        if let Some(balance) = &plan.balance {
            self.says.push(format!("The account has {} {} left.", balance.currency, balance.amount));
        }
        if let Some(cap) = planned.binding_cap.filter(|_| !several) {
            let default = PoolName::default_pool();
            self.warns.push(format!("Fewer than asked for: {}.", limit(cap, plan.pool.as_ref().unwrap_or(&default))));
        }
        self.warns.extend(plan.price_error.iter().map(|error| sentence(error)));
        self.warns.extend(plan.warnings.iter().map(|warning| sentence(warning)));
    }
}

/// Of one, of all, and in which currency, as far as that is known.
type Price<'p> = (Option<&'p str>, Option<&'p str>, Option<&'p str>);

fn price(planned: &Planned) -> Price<'_> {
    (planned.unit_price.as_deref(), planned.monthly_cost.as_deref(), planned.price_unit.as_deref())
}

/// `3 numbers at USD 1.25 each: USD 3.75 a month`, as far as the price is known.
fn priced(would: u32, price: Price<'_>) -> String {
    let numbers = counted(would.into(), "number");
    match price {
        (Some(unit), Some(total), Some(currency)) => {
            format!("{numbers} at {currency} {unit} each: {currency} {total} a month")
        }
        _ => format!("{numbers} would be bought"),
    }
}

/// What one of several pools would buy, and why.
fn of_pool(plan: &PlanOfPool) -> String {
    let PlanOfPool { pool, planned } = plan;
    let why = sentence(&planned.explanation);
    match planned.would_purchase {
        0 => format!("{pool}: {why}"),
        would => format!("{pool}: {}. {why}", priced(would, price(planned))),
    }
}

/// What cuts an order of this pool short.
fn limit(cap: Cap, pool: &PoolName) -> String {
    match cap {
        Cap::AvailableMax => format!("{} leaves no room for more", pool.key("available_max")),
        Cap::OwnedMax => format!("{} leaves no room for more", pool.key("owned_max")),
        Cap::PurchasesPerHour => "the purchases of this hour are used up".to_owned(),
        Cap::PurchasesPerDay => "the purchases of this day are used up".to_owned(),
        Cap::PoolPurchasesPerDay => {
            format!("{} leaves no room for more in these 24 hours", pool.key("purchases_per_day_max"))
        }
        Cap::SpendOwnedMax => "spend.owned_max leaves no room for more".to_owned(),
    }
}

/// A parameter of the question, or the same as its form sent it; empty when it is missing.
pub(super) fn given(request: &Request, name: &str) -> String {
    request.query_text(name).or_else(|| request.form_text(name)).map(|text| text.trim().to_owned()).unwrap_or_default()
}
