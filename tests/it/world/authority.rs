//! A private authority, and a server whose certificate is by it: what stands between Twilio and a company that opens TLS.
//!
//! How to get it wrong: a certificate that is its own authority, but for who tries just that: libraries judge it otherwise.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use postgres_fixture::Tls;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How long either side is listened to before the other one is.
const TURN: Duration = Duration::from_millis(2);

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    own: Certificate,
    key: Vec<u8>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        Self {
            own: params.self_signed(&key).expect("a certificate"),
            key: key.serialize_der(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Its certificate, for whoever shall believe it.
    pub fn pem(&self) -> String {
        self.own.pem()
    }

    /// Serves TLS with that very certificate, as whoever made one in a hurry does.
    pub fn serve_itself(&self, to: &str) -> u16 {
        serve(&self.own, self.key.clone(), to)
    }

    /// A certificate for a server of that name or address, and its key.
    pub fn vouches_for(&self, host: &str) -> Tls {
        let params = CertificateParams::new([host.to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Tls { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Serves TLS as `host`, in front of `to` (host and port); the port.
    pub fn serve(&self, host: &str, to: &str) -> u16 {
        self.serve_until(host, to, 2099)
    }

    /// The same with a certificate that ended with that year's beginning.
    pub fn serve_until(&self, host: &str, to: &str, year: i32) -> u16 {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(year, 1, 1));
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        serve(&certificate, key.serialize_der(), to)
    }
}

fn serve(certificate: &Certificate, key: Vec<u8>, to: &str) -> u16 {
    let key = PrivateKeyDer::try_from(key).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a certificate and its key");
    let (config, to) = (Arc::new(config), to.to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (config, to) = (Arc::clone(&config), to.clone());
            std::thread::spawn(move || carry(client, config, &to));
        }
    });
    port
}

/// Both ways in turn, until one side has gone.
fn carry(client: TcpStream, config: Arc<ServerConfig>, to: &str) {
    let Ok(mut server) = TcpStream::connect(to) else { return };
    for side in [&client, &server] {
        let _ = side.set_read_timeout(Some(TURN));
        let _ = side.set_nodelay(true);
    }
    let mut client = StreamOwned::new(ServerConnection::new(config).expect("a connection"), client);
    let mut piece = vec![0; 64 * 1024];
    let is_quiet = |kind| matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut);
    loop {
        match client.read(&mut piece) {
            Ok(0) => return,
            Ok(count) if server.write_all(&piece[..count]).is_ok() => {}
            Err(error) if is_quiet(error.kind()) => {}
            Ok(_) | Err(_) => return,
        }
        match server.read(&mut piece) {
            Ok(0) => return,
            Ok(count) if client.write_all(&piece[..count]).and_then(|()| client.flush()).is_ok() => {}
            Err(error) if is_quiet(error.kind()) => {}
            Ok(_) | Err(_) => return,
        }
    }
}
