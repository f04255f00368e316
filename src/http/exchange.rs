//! One request as the server received it: its head, its identity, who sent it, and its body as far as it was read.
//!
//! The server keeps a hold on it while a route works, so that after an early answer, or a panic, the rest of the body is
//! still there to be discarded.
//! How to get it wrong: taking `peer` for the client behind a proxy, or trusting `X-Forwarded-For` from anybody.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Uri, Version};
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::body::IncomingBody;
use super::neighbour;
use super::place::Place;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The name under which one request stands in the log and in its answer: the client's own, or a fresh UUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        match headers.get(REQUEST_ID) {
            Some(value) if is_acceptable(value.as_bytes()) => Self(value.clone()),
            _ => Self::fresh(),
        }
    }

    fn fresh() -> Self {
        let mut buffer = Uuid::encode_buffer();
        // By the thread's own generator: `new_v4` asks the system each time.
        let fresh = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
        let text: &str = fresh.hyphenated().encode_lower(&mut buffer);
        // Proof: hexadecimal digits and hyphens are header characters.
        Self(HeaderValue::from_str(text).expect("a UUID is a header value"))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Proof: both constructors let nothing but visible ASCII in.
        self.0.to_str().expect("a request id is visible ASCII")
    }

    pub(super) fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn is_acceptable(id: &[u8]) -> bool {
    (1..=128).contains(&id.len()) && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

/// One request as the server received it.
pub struct Exchange {
    pub(crate) method: Method,
    pub(super) version: Version,
    /// Without the path below which the daemon is.
    pub(crate) uri: Uri,
    /// As it came: what the log tells.
    pub(super) asked: Uri,
    pub(super) place: Arc<Place>,
    pub(crate) headers: HeaderMap,
    pub(crate) id: RequestId,
    pub(crate) peer: SocketAddr,
    pub(crate) client: IpAddr,
    /// The pattern that the path matched.
    pub(crate) route: OnceLock<&'static str>,
    pub(crate) stop: Arc<CancellationToken>,
    pub(crate) body: IncomingBody,
    /// What a form sent that nobody was allowed to send, so that whoever logs in finds it again.
    pub(crate) posted: OnceLock<Bytes>,
}

impl Exchange {
    /// The method, `HEAD` unchanged.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The target. It may hold a key: log it with [`super::loggable_uri`] only.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Below which path the daemon is, and how browsers call it.
    #[must_use]
    pub fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What a form sent whose session had ended, if it was kept.
    #[must_use]
    pub fn posted(&self) -> Option<&[u8]> {
        self.posted.get().map(|body| &body[..])
    }

    /// The request id.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// The other end of the connection.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Who asks: the peer or, when that is a trusted proxy, whom it forwards for.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.client
    }

    /// Whether the daemon is stopping.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Resolves when the daemon stops.
    pub fn until_stop(&self) -> impl Future<Output = ()> + Send + Sync + 'static {
        CancellationToken::clone(&self.stop).cancelled_owned()
    }

    /// Whether it shows that a proxy asks.
    #[must_use]
    pub fn is_by_a_proxy(&self) -> bool {
        neighbour::is_by_a_proxy(self.version, &self.headers)
    }

    /// Whether whoever asks is on this machine, with nothing in between that would speak for others.
    #[must_use]
    pub fn is_of_this_machine(&self) -> bool {
        neighbour::is_of_this_machine(self.peer.ip(), self.version, &self.headers)
    }
}

/// The right-most address of `X-Forwarded-For` that is no trusted proxy, as long as the peer is one.
pub(super) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut client = peer.to_canonical();
    if trusted.is_empty() {
        return client;
    }
    let lines: Vec<&HeaderValue> = headers.get_all(FORWARDED_FOR).iter().collect();
    // Whatever bytes the client put before them: what trusted proxies appended counts hop by hop.
    let hops = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    for hop in hops.filter(|hop| !hop.is_empty()) {
        if !is_trusted(client) {
            return client;
        }
        // An unreadable hop ends the chain at the last proxy that we can name.
        let Some(address) = parse_hop(hop) else { return client };
        client = address.to_canonical();
    }
    client
}

fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?;
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

pub(crate) type SharedExchange = Arc<Exchange>;

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let lines: Vec<&[u8]> = forwarded.iter().map(|line| line.as_bytes()).collect();
        client_by_bytes(peer, &lines, trusted)
    }

    fn client_by_bytes(peer: &str, forwarded: &[&[u8]], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_proxies_only() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.7"], &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.7"], &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn the_right_most_untrusted_address_counts() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 198.51.100.7, 10.0.0.2"], &trusted), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "198.51.100.7:4711", "10.0.0.2"], &trusted), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"], &trusted), "10.0.0.3");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, unknown, 10.0.0.2"], &trusted), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]"], &trusted), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:80"], &trusted), "2001:db8::1");
    }

    #[test]
    fn a_byte_that_is_no_ascii_makes_its_own_hop_unreadable_and_no_other() {
        let of = |lines: &[&[u8]]| client_by_bytes("10.0.0.1", lines, &["10.0.0.0/8"]);
        assert_eq!(of(&[b"\xe9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(of(&["用户, 198.51.100.7, 10.0.0.2".as_bytes()]), "198.51.100.7");
        assert_eq!(of(&[b"\xff", b"198.51.100.7"]), "198.51.100.7");
        assert_eq!(of(&[b"6.6.6.6, \xff, 10.0.0.2"]), "10.0.0.2", "the chain ends there");
        assert_eq!(of(&[b"6.6.6.6\xff"]), "10.0.0.1");
        assert_eq!(of(&[b"6.6.6.6, 198.51.100.7, ", b" ,10.0.0.2"]), "198.51.100.7", "nothing is no hop");
    }

    #[test]
    fn a_request_id_is_taken_over_or_made() {
        let of = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(id).unwrap());
            RequestId::of(&headers).as_str().to_owned()
        };
        assert_eq!(of("Trace-1_2.3"), "Trace-1_2.3");
        let long = "a".repeat(129);
        for bad in ["", "a b", "a/b", "<script>", long.as_str()] {
            assert!(Uuid::try_parse(&of(bad)).is_ok(), "{bad:?}");
        }
    }
}
