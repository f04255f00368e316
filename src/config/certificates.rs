//! Which authorities may vouch for Twilio's hosts and for a proxy on the way there, and where this system keeps its own.
//!
//! Invariants: `SSL_CERT_FILE` and `SSL_CERT_DIR` stand in place of all others, as everywhere; without them Mozilla's and this
//! system's count. `twilio.ca_file` comes beside whatever these are. A problem names the path, never what the file holds.
//! How to get it wrong: going on without a file that somebody named. Every call would fail, and say only that the
//! certificate is unknown.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::{CertificateResult, load_certs_from_paths};

use super::problem::{Origin, Problem, Problems};
use super::quotes::about_path;
use super::sources::Sources;

/// A certificate in DER; Mozilla's stand in the binary.
pub(crate) type Certificate = Cow<'static, [u8]>;
/// All who may vouch.
pub(crate) type Trusted = Arc<[Certificate]>;

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";
const GIVE_PEM: &str =
    "give the path of a file with PEM certificates (-----BEGIN CERTIFICATE-----) that this user may read";

/// Who may vouch for whom we call.
#[derive(Clone, PartialEq)]
pub(crate) struct Trust {
    certificates: Arc<[Certificate]>,
    /// How many, and where from.
    words: String,
    /// The variables that stand in place of all others, if any do.
    alone: Option<&'static str>,
}

impl Trust {
    /// Nobody; stands in while the sections are read.
    pub(super) fn nobody() -> Self {
        Self { certificates: Arc::default(), words: "none".to_owned(), alone: None }
    }

    /// Reads the certificates of all who may vouch. What was named and holds none is a problem.
    pub(super) fn load(sources: &Sources, ca_file: Option<(&Path, Origin)>, problems: &mut Vec<Problem>) -> Self {
        let named = of_the_environment(sources, problems);
        let alone = named.as_ref().map(|(_, names)| *names);
        let (mut all, mut words) = match named {
            Some((certificates, names)) => {
                let words = format!("{} of {names}", certificates.len());
                (certificates, words)
            }
            None => {
                let certificates = of_mozilla_and_the_system(sources);
                let words = format!("{} of Mozilla and this system", certificates.len());
                (certificates, words)
            }
        };
        if let Some((path, origin)) = ca_file {
            match sound(load_certs_from_paths(Some(path), None)) {
                Ok(certificates) => {
                    words.push_str(&format!(", {} of twilio.ca_file", certificates.len()));
                    all.extend(certificates);
                }
                Err(why) => problems.push(Problem::new(
                    "twilio.ca_file",
                    origin,
                    format!("names {}, which {why}", path.display()),
                    GIVE_PEM,
                )),
            }
        }
        Self { certificates: all.into_iter().collect(), words, alone }
    }

    /// All of them.
    #[must_use]
    pub(crate) fn certificates(&self) -> Trusted {
        Arc::clone(&self.certificates)
    }

    /// `SSL_CERT_FILE`, say, if nobody counts but those that it names.
    #[must_use]
    pub(crate) fn stands_alone(&self) -> Option<&'static str> {
        self.alone
    }

    /// How many there are, and where they came from.
    #[must_use]
    pub(super) fn words(&self) -> &str {
        &self.words
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({})", self.words)
    }
}

/// Who may vouch for whom a command calls: what the two variables name, else Mozilla's and this system's.
///
/// # Errors
/// What was named and holds none.
pub(crate) fn authorities(sources: &Sources) -> Result<Arc<[Certificate]>, Problems> {
    let mut problems = Vec::new();
    let trust = Trust::load(sources, None, &mut problems);
    Problems::or(problems, trust.certificates())
}

/// The file in which this system keeps the authorities that it trusts, all in one, unless `SSL_CERT_FILE` names another.
#[must_use]
pub(crate) fn system_bundle(sources: &Sources) -> Option<PathBuf> {
    sources.variable(FILE).map(PathBuf::from).or_else(|| openssl_probe::probe().cert_file)
}

/// Those that the two variables name, and the names; `None` = neither is set.
fn of_the_environment(sources: &Sources, problems: &mut Vec<Problem>) -> Option<(BTreeSet<Certificate>, &'static str)> {
    let (file, folders) = (sources.variable(FILE), sources.variable(FOLDERS));
    let names = match (file, folders) {
        (None, None) => return None,
        (Some(_), None) => FILE,
        (None, Some(_)) => FOLDERS,
        (Some(_), Some(_)) => "SSL_CERT_FILE and SSL_CERT_DIR",
    };
    let mut all = BTreeSet::new();
    let mut take = |name: &str, found: Result<Vec<Certificate>, String>, shown: String| match found {
        Ok(certificates) => all.extend(certificates),
        Err(why) => problems.push(Problem::new(
            name,
            Origin::Environment(name.to_owned()),
            format!("names {shown}, which {why}"),
            about_path(&shown, &format!("{GIVE_PEM}, or unset it")),
        )),
    };
    if let Some(file) = file {
        take(FILE, sound(load_certs_from_paths(Some(Path::new(file)), None)), file.to_owned());
    }
    if let Some(folders) = folders {
        let mut found = CertificateResult::default();
        for folder in std::env::split_paths(folders).filter(|folder| !folder.as_os_str().is_empty()) {
            let CertificateResult { certs, errors, .. } = load_certs_from_paths(None, Some(&folder));
            found.certs.extend(certs);
            found.errors.extend(errors);
        }
        take(FOLDERS, sound(found), folders.to_owned());
    }
    Some((all, names))
}

fn of_mozilla_and_the_system(sources: &Sources) -> BTreeSet<Certificate> {
    let of_mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    let mut all: BTreeSet<Certificate> = of_mozilla.map(|certificate| Cow::Borrowed(certificate.as_ref())).collect();
    let of_the_system = match system_bundle(sources) {
        Some(file) => load_certs_from_paths(Some(&file), None).certs,
        None => {
            let folders = openssl_probe::candidate_cert_dirs();
            folders.flat_map(|folder| load_certs_from_paths(None, Some(folder)).certs).collect()
        }
    };
    // Most of them are Mozilla's.
    all.extend(of_the_system.iter().map(|certificate| Cow::Owned(certificate.to_vec())));
    all
}

/// What of it is a certificate; or why nothing is.
fn sound(found: CertificateResult) -> Result<Vec<Certificate>, String> {
    let is_sound =
        |certificate: &CertificateDer<'_>| RootCertStore::empty().add(certificate.clone().into_owned()).is_ok();
    let certificates: Vec<Certificate> =
        found.certs.into_iter().filter(is_sound).map(|certificate| Cow::Owned(certificate.to_vec())).collect();
    if !certificates.is_empty() {
        return Ok(certificates);
    }
    Err(match found.errors.first().map(|error| &error.kind) {
        Some(rustls_native_certs::ErrorKind::Io { inner, .. }) => format!("cannot be read: {inner}"),
        Some(_) | None => "holds no PEM certificate".to_owned(),
    })
}
