//! What the dashboard's forms do. `GET` asks: what it will do, what it costs or breaks. `POST` does it, by calling the
//! API's own handler, and returns to the dashboard with a sentence about the result.
//!
//! How to get it wrong: doing on `GET`. A browser that looks ahead would buy.

use std::sync::Arc;

use askama::Template;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::admin::{custody, gate, plan, purchases, reconcile, replenish, webhooks};
use super::super::context::Context;
use super::super::uri::Params;
use super::super::{Outcome, Problem, ProblemCode, Request, see_other, signup};
use super::api::Call;
use super::page::{Frame, HOME, back, page};
use super::text::{counted, phone, sentence, words};

/// Something that an operator can do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Purchase,
    Replenish,
    Webhooks,
    Pause,
    Resume,
    Reconcile,
    Adopt,
    Ignore,
    ReleaseToTwilio,
    ReleaseUser,
}

/// Every act, as its path and the audit trail call it.
const ACTS: &[(&str, Act)] = &[
    ("purchase", Act::Purchase),
    ("replenish", Act::Replenish),
    ("configure-webhooks", Act::Webhooks),
    ("pause", Act::Pause),
    ("resume", Act::Resume),
    ("reconcile", Act::Reconcile),
    ("adopt", Act::Adopt),
    ("ignore", Act::Ignore),
    ("release-to-twilio", Act::ReleaseToTwilio),
    ("release-user", Act::ReleaseUser),
];

impl Act {
    fn of(request: &Request) -> Result<Self, Problem> {
        let text = request.param_text("act");
        ACTS.iter().find(|(name, _)| *name == text).map(|(_, act)| *act).ok_or_else(Problem::no_such_path)
    }
}

/// The question before an act.
#[derive(Template)]
#[template(path = "ask.html")]
struct Question {
    frame: Frame,
    act: String,
    heading: String,
    /// What it does, what it costs, what it breaks.
    says: Vec<String>,
    /// What speaks against it.
    warns: Vec<String>,
    button: String,
    is_dangerous: bool,
    can_go: bool,
    /// Sent along with the yes.
    hidden: Vec<(&'static str, String)>,
    /// A text that may be given: name, label, hint.
    field: Option<(&'static str, &'static str, &'static str)>,
}

pub(crate) async fn ask(context: Arc<Context>, request: Request) -> Outcome {
    let act = Act::of(&request)?;
    if act == Act::Purchase && given(&request, "count").is_empty() {
        // From a login in between, which keeps the address and not the form.
        return Ok(see_other(HeaderValue::from_static(HOME)));
    }
    let question = question(&context, &request, act).await?;
    page(StatusCode::OK, &question, question.frame.said.as_ref())
}

fn given(request: &Request, name: &str) -> String {
    request.query_text(name).map(|text| text.trim().to_owned()).unwrap_or_default()
}

async fn question(context: &Arc<Context>, request: &Request, act: Act) -> Result<Question, Problem> {
    let number = given(request, "phone_number");
    let user = given(request, "user_id");
    let mut question = Question {
        frame: Frame::new("Confirm", context, request),
        act: request.param_text("act").to_owned(),
        heading: String::new(),
        says: Vec::new(),
        warns: Vec::new(),
        button: String::new(),
        is_dangerous: false,
        can_go: true,
        hidden: Vec::new(),
        field: None,
    };
    if matches!(act, Act::Adopt | Act::Ignore | Act::ReleaseToTwilio) {
        let _: crate::domain::PhoneNumber =
            number.parse().map_err(|error| Problem::invalid_field("phone_number", error))?;
        question.hidden.push(("phone_number", number.clone()));
    }
    let shown = phone(&number);
    match act {
        Act::Purchase => return purchase_question(context, request, question).await,
        Act::Replenish => {
            let plan = Call::get(&[]).ask(plan::plan, context, request).await?;
            question.heading = "Replenish now?".to_owned();
            tell_plan(&plan, &mut question);
            question.button = "Run a pass now".to_owned();
        }
        Act::Webhooks => {
            question.heading = "Configure webhooks?".to_owned();
            let wanted = context.config.load().webhooks.webhooks();
            question.says.push(format!("Calls will go to {}", wanted.voice_url));
            question.says.push(format!("Messages will go to {}", wanted.sms_url));
            question.says.push(
                "Every number of this pool that differs is set at Twilio, those of users too. It costs nothing."
                    .to_owned(),
            );
            question.warns.push(
                "If this address is wrong, calls and messages of every user go astray until it is set again."
                    .to_owned(),
            );
            (question.button, question.is_dangerous) = ("Configure all webhooks".to_owned(), true);
        }
        Act::Pause => {
            question.heading = "Pause automatic buying?".to_owned();
            question.says.push("Nothing is bought any more by threshold, schedule or emergency, on any instance, until somebody resumes.".to_owned());
            question.warns.push("When the pool is empty, signups are refused.".to_owned());
            question.button = "Pause buying".to_owned();
            question.field = Some(("reason", "Reason", "shown to everybody who looks"));
        }
        Act::Resume => {
            question.heading = "Resume automatic buying?".to_owned();
            question.says.push("A pass starts at once, and buys what is missing. A halt ends too.".to_owned());
            question.button = "Resume buying".to_owned();
        }
        Act::Reconcile => {
            question.heading = "Compare with Twilio?".to_owned();
            question.says.push("Every number of the account is read. Idle numbers whose webhooks differ are repaired; nothing is bought or given back.".to_owned());
            question.button = "Compare now".to_owned();
            if given(request, "confirm_missing") == "true" {
                question.heading = "Mark the missing numbers as gone?".to_owned();
                question.warns.push("Many numbers seem to be gone at Twilio. If the credentials are of a wrong account, they are not. Marked ones are replaced by new purchases.".to_owned());
                question.hidden.push(("confirm_missing", "true".to_owned()));
                (question.button, question.is_dangerous) = ("Mark them as gone".to_owned(), true);
            }
        }
        Act::Adopt => {
            question.heading = format!("Adopt {shown}?");
            question.says.push("It becomes a number of this pool: its name and webhooks at Twilio are set to ours, and a signup may get it.".to_owned());
            question.warns.push("Whatever uses it now stops receiving its calls and messages.".to_owned());
            question.field = Some(("user_id", "Give it to this user", "leave empty to put it into stock"));
            (question.button, question.is_dangerous) = ("Adopt it".to_owned(), true);
        }
        Act::Ignore => {
            question.heading = format!("Ignore {shown}?");
            question.says.push("It stays as it is at Twilio, and comparisons name it no more.".to_owned());
            question.button = "Ignore it".to_owned();
        }
        Act::ReleaseToTwilio => {
            question.heading = format!("Give {shown} back to Twilio?");
            question.says.push(
                "It ends at Twilio at once, and its monthly fee with it; the month that is paid is not refunded."
                    .to_owned(),
            );
            question.warns.push("This cannot be undone: anybody may buy the number afterwards.".to_owned());
            (question.button, question.is_dangerous) = ("Give it back for good".to_owned(), true);
        }
        Act::ReleaseUser => {
            let _: crate::domain::UserId = user.parse().map_err(|error| Problem::invalid_field("user_id", error))?;
            question.heading = format!("Take the number from {user}?");
            let rest = context.config.load().pool.quarantine_hours;
            question.says.push(format!(
                "It rests for {} before anybody else gets it. If {user} asks again before, they get the same one back.",
                super::text::span(i64::try_from(rest).unwrap_or(i64::MAX / 3600) * 3600)
            ));
            question.warns.push(format!("Calls and messages to it no longer belong to {user}."));
            question.hidden.push(("user_id", user));
            (question.button, question.is_dangerous) = ("Release the number".to_owned(), true);
        }
    }
    Ok(question)
}

async fn purchase_question(
    context: &Arc<Context>,
    request: &Request,
    mut question: Question,
) -> Result<Question, Problem> {
    let (count, area_code) = (given(request, "count"), given(request, "area_code"));
    let asked = Call::get(&[("count", count.as_str()), ("area_code", area_code.as_str())]);
    let plan = asked.ask(plan::plan, context, request).await?;
    let would = plan["would_purchase"].as_u64().unwrap_or(0);
    let wanted = counted(count.parse().unwrap_or(0), "number");
    // What is asked, shown and sent is the same count: what the price is told for.
    let fewer = would > 0 && would.to_string() != count;
    let wanted = if fewer { format!("{would} of the {wanted}") } else { wanted };
    question.heading =
        if area_code.is_empty() { format!("Buy {wanted}?") } else { format!("Buy {wanted} in {area_code}?") };
    tell_plan(&plan, &mut question);
    if !area_code.is_empty() {
        let fallback = !given(request, "fallback").is_empty();
        question.says.push(if fallback {
            format!("Where {area_code} has none, other area codes will do.")
        } else {
            format!("Only in area code {area_code}: what it does not have is not bought.")
        });
        if fallback {
            question.hidden.push(("fallback", "true".to_owned()));
        }
    }
    question.can_go = would > 0;
    question.button = match plan["monthly_cost"].as_str() {
        Some(cost) => format!(
            "Buy {} for {} {cost} a month",
            counted(would, "number"),
            plan["price_unit"].as_str().unwrap_or_default()
        ),
        None => format!("Buy {}", counted(would, "number")),
    };
    question.hidden.push(("count", would.to_string()));
    question.hidden.push(("area_code", area_code));
    // Sent twice, it is one order.
    question.hidden.push(("order", Uuid::new_v4().to_string()));
    Ok(question)
}

/// The plan as an operator reads it before saying yes.
fn tell_plan(plan: &Value, question: &mut Question) {
    let text = |name: &str| plan[name].as_str();
    let would = plan["would_purchase"].as_u64().unwrap_or(0);
    match (text("unit_price"), text("monthly_cost"), text("price_unit")) {
        (Some(unit), Some(total), Some(currency)) if would > 0 => {
            question.says.push(format!(
                "{} at {currency} {unit} each: {currency} {total} a month, the first month at once.",
                counted(would, "number")
            ));
        }
        _ if would > 0 => question.says.push(format!("{} would be bought.", counted(would, "number"))),
        _ => question.says.push("Nothing would be bought.".to_owned()),
    }
    question.says.extend(text("explanation").map(sentence));
    if let (Some(hour), Some(day)) = (plan["caps"]["hour_left"].as_u64(), plan["caps"]["day_left"].as_u64()) {
        question.says.push(format!("The spend caps allow {hour} more this hour and {day} more today."));
    }
    if let (Some(amount), Some(currency)) = (plan["balance"]["amount"].as_str(), plan["balance"]["currency"].as_str()) {
        question.says.push(format!("The account has {currency} {amount} left."));
    }
    if let Some(cap) = text("binding_cap") {
        question.warns.push(format!("Fewer than asked for: {} binds.", words(cap)));
    }
    question.warns.extend(text("price_error").map(sentence));
    question.warns.extend(plan["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).map(sentence));
}

pub(crate) async fn act(context: Arc<Context>, request: Request) -> Outcome {
    let act = Act::of(&request)?;
    match perform(&context, &request, act).await {
        Ok(said) => back(&request, HOME, true, &said),
        Err(problem) => {
            let mut response =
                back(&request, HOME, false, &format!("{}: {}", problem.code().title(), problem.detail()))?;
            // For the audit trail: a browser sees a 303 either way.
            response.extensions_mut().insert(problem.code());
            Ok(response)
        }
    }
}

/// What a form does, in the audit trail's words: the last part of its path, when that is an act at all.
pub(crate) fn action(params: &Params) -> Option<&'static str> {
    let (_, text) = params.iter().find(|(name, _)| *name == "act")?;
    ACTS.iter().map(|(name, _)| *name).find(|name| name == text)
}

/// What became of an order by hand; an old form that is sent again finds the order that it placed.
fn placed(order: &Value, before: bool) -> String {
    let wanted = order["requested_count"].as_u64().unwrap_or(0);
    let bought = order["purchased_count"].as_u64().unwrap_or(0);
    let is_open = matches!(order["state"].as_str(), Some("queued" | "running"));
    match (before, is_open) {
        (false, true) => {
            format!("The purchase of {} has begun; it goes on whether you watch or not.", counted(wanted, "number"))
        }
        (false, false) => {
            format!("The purchase of {} has begun and ended: {bought} of {wanted} bought.", counted(wanted, "number"))
        }
        (true, true) => {
            format!(
                "This order was placed before and goes on: {bought} of {wanted} bought so far. No second one was placed."
            )
        }
        (true, false) => {
            format!("This order was placed before: {bought} of {wanted} bought. Nothing was bought now.")
        }
    }
}

/// The fields of a form that are not empty, as JSON.
fn fields(request: &Request, names: &[&str]) -> Value {
    let field = |name: &&str| {
        let text = request.form_text(name)?.trim().to_owned();
        let value = match *name {
            "count" => text.parse::<u64>().map_or(json!(text), |count| json!(count)),
            "fallback" | "confirm_missing" => json!(text == "true"),
            _ => json!(text),
        };
        (!text.is_empty()).then(|| ((*name).to_owned(), value))
    };
    Value::Object(names.iter().filter_map(field).collect::<Map<_, _>>())
}

async fn perform(context: &Arc<Context>, request: &Request, act: Act) -> Result<String, Problem> {
    let number = request.form_text("phone_number").unwrap_or_default().into_owned();
    let shown = phone(&number);
    Ok(match act {
        Act::Purchase => {
            let call =
                Call::post(&fields(request, &["count", "area_code", "fallback"])).header("prefer", "respond-async");
            let order = request.form_text("order").unwrap_or_default();
            let call =
                if order.is_empty() { call } else { call.header("idempotency-key", &format!("dashboard {order}")) };
            let (head, order) = call.answer(purchases::purchase, context, request).await?;
            placed(&order, head.extensions.get::<purchases::Repeated>().is_some())
        }
        Act::Replenish => {
            let report = Call::post(&json!({})).ask(replenish::replenish, context, request).await?;
            let bought = report["purchased_count"].as_u64().unwrap_or(0);
            let why = report["reason"].as_str().map(crate::domain::explain_reason).unwrap_or_default();
            let error = report["error"].as_str().map(|error| format!(" {error}")).unwrap_or_default();
            if report["reason"] == replenish::RUNNING {
                format!("The pass goes on; {} bought so far.", counted(bought, "number"))
            } else if bought > 0 {
                format!("{} bought.{error}", counted(bought, "number"))
            } else {
                format!("Nothing was bought: {why}.{error}")
            }
        }
        Act::Webhooks => {
            let report = Call::post(&json!({})).ask(webhooks::configure, context, request).await?;
            let failed = report["failed"].as_array().map_or(0, Vec::len) as u64;
            let set = counted(report["configured"].as_u64().unwrap_or(0), "number");
            let checked = report["checked"].as_u64().unwrap_or(0);
            if failed > 0 {
                let first = report["failed"][0]["message"].as_str().unwrap_or_default();
                return Err(Problem::new(
                    ProblemCode::Unavailable,
                    format!(
                        "{set} of {checked} set, {} failed: {first}. Try again, or look at the numbers.",
                        counted(failed, "number")
                    ),
                ));
            }
            format!("{set} of {checked} set; the others had the right webhooks already.")
        }
        Act::Pause => {
            Call::post(&fields(request, &["reason"])).ask(gate::pause, context, request).await?;
            "Automatic buying is paused on all instances.".to_owned()
        }
        Act::Resume => {
            Call::post(&json!({})).ask(gate::resume, context, request).await?;
            "Automatic buying is on again.".to_owned()
        }
        Act::Reconcile => {
            let report =
                Call::post(&fields(request, &["confirm_missing"])).ask(reconcile::reconcile, context, request).await?;
            let count = |name: &str| report[name].as_array().map_or(0, Vec::len);
            format!(
                "Compared with Twilio: {} taken in, {} gone, {} with other webhooks, {} repaired, {} foreign.",
                count("adopted"),
                count("missing"),
                count("webhook_drift"),
                count("repaired"),
                report["foreign"].as_u64().unwrap_or(0)
            )
        }
        Act::Adopt => {
            let call = Call::post(&fields(request, &["user_id"])).param("phone_number", number);
            call.ask(custody::adopt, context, request).await?;
            format!("{shown} belongs to the pool now.")
        }
        Act::Ignore => {
            Call::post(&json!({})).param("phone_number", number).ask(custody::ignore, context, request).await?;
            format!("{shown} is ignored from now on.")
        }
        Act::ReleaseToTwilio => {
            Call::post(&json!({}))
                .param("phone_number", number)
                .ask(custody::release_to_twilio, context, request)
                .await?;
            format!("{shown} was given back to Twilio.")
        }
        Act::ReleaseUser => {
            let released = Call::post(&fields(request, &["user_id"])).ask(signup::release, context, request).await?;
            format!(
                "{} no longer belongs to its user; it rests now.",
                phone(released["phone_number"].as_str().unwrap_or_default())
            )
        }
    })
}
