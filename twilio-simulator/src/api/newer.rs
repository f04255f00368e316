//! The operations of the newer hosts beside pricing and numbers: messaging, events, trusthub, monitor.
//!
//! Invariants: paths have no suffix and no account; a known path with a wrong method is told apart from an unknown path.
//!
//! How to get it wrong: taking `/v1/Events` for the host of the events. It is the monitor's.

use crate::api::refusal::Refusal;
use crate::api::route::Route;
use crate::api::{ApiRequest, Reply, messaging, monitor, sinks, subscriptions, trust};
use crate::fault::On;
use crate::fault::queue::Plan;
use crate::trust::TrustKind;
use crate::world::World;

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Newer {
    Services,
    AddService,
    Service(String),
    Members(String),
    Attach(String),
    Member(String, String),
    Detach(String, String),
    Campaigns(String),
    Verifications,
    Sinks,
    AddSink,
    Sink(String),
    DropSink(String),
    TestSink(String),
    ValidateSink(String),
    Subscriptions,
    AddSubscription,
    Subscription(String),
    DropSubscription(String),
    Types(String),
    AddType(String),
    Type(String, String),
    ChangeType(String, String),
    DropType(String, String),
    Bundle(TrustKind, String),
    /// Of numbers, or of other things.
    Assignments(TrustKind, String, bool),
    Assign(TrustKind, String, bool),
    Assignment(TrustKind, String, String),
    Unassign(TrustKind, String, String),
    Entries,
    Entry(String),
}

/// The operation that a method and the segments of a path name.
pub(crate) fn newer(method: &str, segments: &[&str]) -> Route {
    let own = |segment: &&str| (*segment).to_owned();
    let is = |wanted: &str| method == wanted;
    let among = |known: &[(&str, Newer)], allow| match known.iter().find(|(name, _)| is(name)) {
        Some((_, newer)) => Route::Newer(newer.clone()),
        None => Route::Method(allow),
    };
    let get = |newer| among(&[("GET", newer)], "GET");
    let list = |list, add| among(&[("GET", list), ("POST", add)], "GET, POST");
    let single = |fetch, delete| among(&[("GET", fetch), ("DELETE", delete)], "GET, DELETE");
    match segments {
        ["Services"] => list(Newer::Services, Newer::AddService),
        ["Services", service] => get(Newer::Service(own(service))),
        ["Services", service, "PhoneNumbers"] => list(Newer::Members(own(service)), Newer::Attach(own(service))),
        ["Services", service, "PhoneNumbers", number] => {
            single(Newer::Member(own(service), own(number)), Newer::Detach(own(service), own(number)))
        }
        ["Services", service, "Compliance", "Usa2p"] => get(Newer::Campaigns(own(service))),
        ["Tollfree", "Verifications"] => get(Newer::Verifications),
        ["Sinks"] => list(Newer::Sinks, Newer::AddSink),
        ["Sinks", sink] => single(Newer::Sink(own(sink)), Newer::DropSink(own(sink))),
        ["Sinks", sink, "Test"] => among(&[("POST", Newer::TestSink(own(sink)))], "POST"),
        ["Sinks", sink, "Validate"] => among(&[("POST", Newer::ValidateSink(own(sink)))], "POST"),
        ["Subscriptions"] => list(Newer::Subscriptions, Newer::AddSubscription),
        ["Subscriptions", sid] => single(Newer::Subscription(own(sid)), Newer::DropSubscription(own(sid))),
        ["Subscriptions", sid, "SubscribedEvents"] => list(Newer::Types(own(sid)), Newer::AddType(own(sid))),
        ["Subscriptions", sid, "SubscribedEvents", name] => {
            let known = [
                ("GET", Newer::Type(own(sid), own(name))),
                ("POST", Newer::ChangeType(own(sid), own(name))),
                ("DELETE", Newer::DropType(own(sid), own(name))),
            ];
            among(&known, "GET, POST, DELETE")
        }
        ["Events"] => get(Newer::Entries),
        ["Events", entry] => get(Newer::Entry(own(entry))),
        ["CustomerProfiles", rest @ ..] => trusted(method, TrustKind::CustomerProfile, rest),
        ["TrustProducts", rest @ ..] => trusted(method, TrustKind::TrustProduct, rest),
        _ => Route::Unknown,
    }
}

fn trusted(method: &str, kind: TrustKind, segments: &[&str]) -> Route {
    let own = |segment: &str| segment.to_owned();
    let [bundle, rest @ ..] = segments else { return Route::Unknown };
    let is_number = match rest {
        [] if method == "GET" => return Route::Newer(Newer::Bundle(kind, own(bundle))),
        [] => return Route::Method("GET"),
        ["ChannelEndpointAssignments", ..] => true,
        ["EntityAssignments", ..] => false,
        _ => return Route::Unknown,
    };
    match (&rest[1..], method) {
        ([], "GET") => Route::Newer(Newer::Assignments(kind, own(bundle), is_number)),
        ([], "POST") => Route::Newer(Newer::Assign(kind, own(bundle), is_number)),
        ([], _) => Route::Method("GET, POST"),
        ([sid], "GET") => Route::Newer(Newer::Assignment(kind, own(bundle), own(sid))),
        ([sid], "DELETE") => Route::Newer(Newer::Unassign(kind, own(bundle), own(sid))),
        ([_], _) => Route::Method("GET, DELETE"),
        _ => Route::Unknown,
    }
}

impl Newer {
    pub(crate) fn on(&self) -> On {
        match self {
            Self::Services | Self::AddService | Self::Service(_) => On::Service,
            Self::Members(_) => On::Members,
            Self::Attach(_) => On::Attach,
            Self::Member(..) => On::Member,
            Self::Detach(..) => On::Detach,
            Self::Campaigns(_) | Self::Verifications => On::Campaign,
            Self::Sinks
            | Self::AddSink
            | Self::Sink(_)
            | Self::DropSink(_)
            | Self::TestSink(_)
            | Self::ValidateSink(_) => On::Sink,
            Self::Subscriptions
            | Self::AddSubscription
            | Self::Subscription(_)
            | Self::DropSubscription(_)
            | Self::Types(_)
            | Self::AddType(_)
            | Self::Type(..)
            | Self::ChangeType(..)
            | Self::DropType(..) => On::Subscription,
            Self::Bundle(..) | Self::Assignments(..) | Self::Assign(..) | Self::Assignment(..) | Self::Unassign(..) => {
                On::Assignment
            }
            Self::Entries | Self::Entry(_) => On::Monitor,
        }
    }

    /// The SID of the number that a request is about, as far as it names one.
    pub(crate) fn number<'a>(&'a self, request: &'a ApiRequest) -> Option<&'a str> {
        if let Self::Member(_, number) | Self::Detach(_, number) = self {
            return Some(number);
        }
        let named = |name| request.form.get(name).or_else(|| request.query.get(name));
        let name =
            [(On::Attach, "PhoneNumberSid"), (On::Assignment, "ChannelEndpointSid"), (On::Monitor, "ResourceSid")];
        name.into_iter().find(|(on, _)| *on == self.on()).and_then(|(_, name)| named(name))
    }
}

pub(crate) fn answer(world: &mut World, request: &ApiRequest, plan: &Plan, of: &Newer) -> Result<Reply, Refusal> {
    match of {
        Newer::Services => messaging::services(world, request),
        Newer::AddService => messaging::add(world, request),
        Newer::Service(service) => messaging::service(world, request, service),
        Newer::Members(service) => messaging::members(world, request, plan, service),
        Newer::Attach(service) => messaging::attach(world, request, plan, service),
        Newer::Member(service, number) => messaging::member(world, request, service, number),
        Newer::Detach(service, number) => messaging::detach(world, request, service, number),
        Newer::Campaigns(service) => messaging::campaigns(world, request, service),
        Newer::Verifications => messaging::verifications(world, request),
        Newer::Sinks => sinks::list(world, request),
        Newer::AddSink => sinks::add(world, request),
        Newer::Sink(sink) => sinks::fetch(world, request, sink),
        Newer::DropSink(sink) => sinks::delete(world, request, sink),
        Newer::TestSink(sink) => sinks::test(world, request, sink),
        Newer::ValidateSink(sink) => sinks::validate(world, request, sink),
        Newer::Subscriptions => subscriptions::list(world, request),
        Newer::AddSubscription => subscriptions::add(world, request),
        Newer::Subscription(sid) => subscriptions::fetch(world, request, sid),
        Newer::DropSubscription(sid) => subscriptions::delete(world, request, sid),
        Newer::Types(sid) => subscriptions::types(world, request, sid),
        Newer::AddType(sid) => subscriptions::add_type(world, request, sid),
        Newer::Type(sid, name) => subscriptions::one_type(world, request, sid, name),
        Newer::ChangeType(sid, name) => subscriptions::change_type(world, request, sid, name),
        Newer::DropType(sid, name) => subscriptions::drop_type(world, request, sid, name),
        Newer::Bundle(kind, bundle) => trust::bundle(world, request, *kind, bundle),
        Newer::Assignments(kind, bundle, is_number) => trust::list(world, request, *kind, bundle, *is_number),
        Newer::Assign(kind, bundle, is_number) => trust::assign(world, request, *kind, bundle, *is_number),
        Newer::Assignment(kind, bundle, sid) => trust::fetch(world, request, *kind, bundle, sid),
        Newer::Unassign(kind, bundle, sid) => trust::delete(world, request, *kind, bundle, sid),
        Newer::Entries => monitor::list(world, request),
        Newer::Entry(sid) => monitor::fetch(world, request, sid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_should() {
        let at = |method, path: &str| newer(method, &path.split('/').collect::<Vec<_>>());
        let is = |route, newer| assert_eq!(route, Route::Newer(newer));
        is(at("GET", "Services/MG1/PhoneNumbers"), Newer::Members("MG1".into()));
        is(at("POST", "Services/MG1/PhoneNumbers"), Newer::Attach("MG1".into()));
        is(at("DELETE", "Services/MG1/PhoneNumbers/PN1"), Newer::Detach("MG1".into(), "PN1".into()));
        is(at("GET", "Events"), Newer::Entries);
        let profile = TrustKind::CustomerProfile;
        is(at("POST", "CustomerProfiles/BU1/ChannelEndpointAssignments"), Newer::Assign(profile, "BU1".into(), true));
        is(at("GET", "CustomerProfiles/BU1/EntityAssignments"), Newer::Assignments(profile, "BU1".into(), false));
        assert_eq!(at("PUT", "Services"), Route::Method("GET, POST"));
        assert_eq!(at("GET", "Sinks/DG1/Test"), Route::Method("POST"));
        assert_eq!(at("GET", "CustomerProfiles"), Route::Unknown);
        assert_eq!(at("GET", "Services/MG1/ShortCodes"), Route::Unknown);
    }
}
