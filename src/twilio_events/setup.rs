//! The stream at Twilio: a sink that leads to us, and a subscription to what is told of numbers. Made once, and found again.
//!
//! Invariants: run again, it makes nothing; what is new stands before what is old goes, and a subscription goes before its sink, which
//! Twilio wants; sinks of others stay, whatever they lead to.
//! How to get it wrong: asking for a sink's URL to be changed. Twilio cannot: another one is made.

use url::Url;

use crate::twilio::{Sink, Twilio, TwilioError};

/// The events that are told of numbers.
const TYPES: [&str; 6] = [
    "com.twilio.messaging.compliance.number-registration.pending",
    "com.twilio.messaging.compliance.number-registration.successful",
    "com.twilio.messaging.compliance.number-registration.failed",
    "com.twilio.messaging.compliance.number-deregistration.pending",
    "com.twilio.messaging.compliance.number-deregistration.successful",
    "com.twilio.messaging.compliance.number-deregistration.failed",
];
/// Nothing is sent to such a sink any more.
const FAILED: &str = "failed";

/// What an address lacks to hear of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lacks {
    /// Nothing.
    Nothing,
    /// No sink leads there, or nothing is sent to it any more.
    Sink,
    /// So many types of events are not subscribed.
    Types(usize),
}

/// Looks what [`set_up`] would have to make for `destination`; nothing is changed.
///
/// # Errors
/// When Twilio does not tell.
pub(crate) async fn lacking(twilio: &Twilio, destination: &Url) -> Result<Lacks, TwilioError> {
    let sinks = twilio.sinks().await?;
    let Some(sink) = sinks.iter().find(|sink| leads_to(sink, destination)) else { return Ok(Lacks::Sink) };
    let mut there = Vec::new();
    for subscription in twilio.subscriptions(&sink.sid).await? {
        there.extend(twilio.subscribed_types(&subscription).await?);
    }
    Ok(match TYPES.iter().filter(|name| !there.iter().any(|there| there == *name)).count() {
        0 => Lacks::Nothing,
        lacking => Lacks::Types(lacking),
    })
}

/// Whether what goes to the sink comes to this address.
fn leads_to(sink: &Sink, destination: &Url) -> bool {
    sink.destination() == Some(destination.as_str()) && sink.status != FAILED
}

/// Something that was done at Twilio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A sink was made.
    SinkMade(String),
    /// It was subscribed to so many types.
    Subscribed(String, usize),
    /// A type that lacked was added to a subscription.
    TypeAdded(String, &'static str),
    /// A subscription of an earlier sink of ours was ended.
    Unsubscribed(String),
    /// An earlier sink of ours was taken away.
    SinkDeleted(String),
}

/// The stream as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    /// The sink that leads to us.
    pub(crate) sink: String,
    /// What is subscribed for it.
    pub(crate) subscriptions: Vec<String>,
    /// What had to be done for it; nothing, the second time.
    pub(crate) steps: Vec<Step>,
}

/// Twilio did not go along; what was done until then stays.
#[derive(Debug)]
pub(crate) struct BrokeOff {
    /// What was done.
    pub(crate) steps: Vec<Step>,
    /// What Twilio said.
    pub(crate) error: TwilioError,
}

impl BrokeOff {
    /// Whether nobody can say that Twilio said no: it was not reached, or its answer was lost.
    pub(crate) fn is_unreached(&self) -> bool {
        match &self.error {
            TwilioError::NotSent(_) | TwilioError::Unknown { .. } => true,
            TwilioError::Refused(_) => false,
        }
    }
}

/// Sees to it that events of numbers go to `destination`, and no more to where they went before for `owner`, which is what our sinks
/// are called.
///
/// # Errors
/// See [`BrokeOff`]. The same again goes on with it.
pub(crate) async fn set_up(twilio: &Twilio, owner: &str, destination: &Url) -> Result<Stream, BrokeOff> {
    let mut steps = Vec::new();
    match stream(twilio, owner, destination, &mut steps).await {
        Ok((sink, subscriptions)) => Ok(Stream { sink, subscriptions, steps }),
        Err(error) => Err(BrokeOff { steps, error }),
    }
}

async fn stream(
    twilio: &Twilio,
    owner: &str,
    destination: &Url,
    steps: &mut Vec<Step>,
) -> Result<(String, Vec<String>), TwilioError> {
    let sinks = twilio.sinks().await?;
    let leads_here = |sink: &&Sink| leads_to(sink, destination);
    let sink = match sinks.iter().find(leads_here) {
        Some(sink) => sink.sid.clone(),
        None => {
            let sid = twilio.add_sink(owner, destination).await?;
            steps.push(Step::SinkMade(sid.clone()));
            sid
        }
    };
    let subscriptions = subscribed(twilio, owner, &sink, steps).await?;
    for former in sinks.iter().filter(|former| former.description == owner && !leads_here(former)) {
        for subscription in twilio.subscriptions(&former.sid).await? {
            twilio.delete_subscription(&subscription).await?;
            steps.push(Step::Unsubscribed(subscription));
        }
        twilio.delete_sink(&former.sid).await?;
        steps.push(Step::SinkDeleted(former.sid.clone()));
    }
    Ok((sink, subscriptions))
}

/// Subscribes the sink to all types that lack; what is subscribed for it.
async fn subscribed(
    twilio: &Twilio,
    owner: &str,
    sink: &str,
    steps: &mut Vec<Step>,
) -> Result<Vec<String>, TwilioError> {
    let subscriptions = twilio.subscriptions(sink).await?;
    let Some(first) = subscriptions.first() else {
        let sid = twilio.subscribe(owner, sink, &TYPES).await?;
        steps.push(Step::Subscribed(sid.clone(), TYPES.len()));
        return Ok(vec![sid]);
    };
    let mut there = Vec::new();
    for subscription in &subscriptions {
        there.extend(twilio.subscribed_types(subscription).await?);
    }
    for lacking in TYPES.into_iter().filter(|name| !there.iter().any(|there| there == name)) {
        twilio.add_type(first, lacking).await?;
        steps.push(Step::TypeAdded(first.clone(), lacking));
    }
    Ok(subscriptions)
}
