//! A real mail server, Exim, between a daemon and its readers: STARTTLS, a password, and the ways in which it refuses.
//!
//! Debian's Exim belongs to a user that only its package makes, and leaves nobody else its name: libnss-wrapper tells it that
//! this user is whoever runs the tests (or nobody, because Exim delivers nothing as root).
//!
//! How to get it wrong: believing the log. What was delivered is a file in its Maildir.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use far_side::Mail;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::world::authority::Authority;
use crate::world::{a_port_of_its_own, children, eventually};

const USER: &str = "robot";
const NOBODY: u32 = 65_534;

/// A running Exim; its clients must believe the authority that it was started with.
pub struct MailServer {
    process: Child,
    folder: PathBuf,
    port: u16,
    tls_port: u16,
}

impl MailServer {
    /// What [`MailServer::url`]'s user has to know.
    pub const PASSWORD: &str = "mail-s3cret";

    /// One that offers STARTTLS with a certificate for `localhost`, and takes mail from its user only, and over TLS only.
    pub fn start(authority: &Authority) -> Self {
        Self::with(Some(authority))
    }

    /// One without TLS, which believes whoever comes.
    pub fn without_tls() -> Self {
        Self::with(None)
    }

    fn with(authority: Option<&Authority>) -> Self {
        let (port, tls_port) = (a_port_of_its_own(), a_port_of_its_own());
        let folder = std::env::temp_dir().join(format!("callbunker-exim-{}-{port}", std::process::id()));
        fs::create_dir(&folder).expect("a folder");
        for name in ["spool", "log", "mail"] {
            fs::create_dir(folder.join(name)).expect("a folder");
        }
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
        if let Some(authority) = authority {
            let tls = authority.vouches_for("localhost");
            write("certificate.pem", &tls.certificate);
            write("key.pem", &tls.key);
        }
        write("refused", "");
        write("delay", "0s");
        write("exim.conf", &configuration(&folder, port, tls_port, authority.is_some()));
        let me = fs::metadata("/proc/self").map_or(0, |me| me.uid());
        let user = if me == 0 { NOBODY } else { me };
        write("passwd", &format!("root:x:0:0::/:/bin/false\nDebian-exim:x:{user}:{user}::/:/bin/false\n"));
        write("group", &format!("root:x:0:\nmail:x:8:\nDebian-exim:x:{user}:\n"));
        let mut command = exim(&folder);
        command.arg("-C").arg(folder.join("exim.conf")).args(["-bdf", "-q1h"]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(fs::File::create(folder.join("stderr")).expect("a file")).process_group(0);
        if me == 0 {
            for name in ["", "spool", "log", "mail", "key.pem", "refused", "delay"].map(|name| folder.join(name)) {
                if name.exists() {
                    chown(&name, Some(NOBODY), Some(NOBODY)).expect("root may");
                }
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).expect("its folder is readable");
        let server = Self { process: children::start(command).expect("Exim starts"), folder, port, tls_port };
        eventually("Exim listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        server
    }

    /// `smtp://robot@localhost:PORT`, with STARTTLS.
    pub fn url(&self) -> String {
        format!("smtp://{USER}@localhost:{}", self.port)
    }

    /// `smtps://robot@localhost:PORT`, TLS from the first byte.
    pub fn tls_url(&self) -> String {
        format!("smtps://{USER}@localhost:{}", self.tls_port)
    }

    /// `smtp://localhost:PORT`, for [`MailServer::without_tls`].
    pub fn bare_url(&self) -> String {
        format!("smtp://localhost:{}", self.port)
    }

    /// Has no such mailbox (550).
    pub fn refuse(&self, address: &str) {
        let path = self.folder.join("refused");
        let mut known = fs::read_to_string(&path).expect("its own list");
        writeln!(known, "{address}").expect("a string takes all");
        fs::write(path, known).expect("its own list");
    }

    /// From now on the first try for each address is put off (451), the second one passes.
    pub fn greylist(&self) {
        // A folder in it for each address that it knows: making it succeeds once.
        let known = self.folder.join("greylist");
        fs::create_dir(&known).expect("a folder");
        fs::set_permissions(&known, PermissionsExt::from_mode(0o777)).expect("its own folder");
    }

    /// Answers to each RCPT only after so many seconds; 0 ends it.
    pub fn delay(&self, seconds: u32) {
        fs::write(self.folder.join("delay"), format!("{seconds}s")).expect("a file");
    }

    /// What it has delivered, a mail for each address.
    pub fn mails(&self) -> Vec<Mail> {
        let Ok(files) = fs::read_dir(self.folder.join("mail/new")) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = files.map_while(Result::ok).map(|file| file.path()).collect();
        paths.sort();
        paths.iter().map(|path| delivered(path)).collect()
    }

    /// What it wrote down, for a test that failed.
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        ["log/mainlog", "log/rejectlog", "log/paniclog", "stderr"].map(read).concat()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // Its own process group: with it goes whoever talks to a client.
        let _ = killpg(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGKILL);
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Envelope and mail of a file.
fn delivered(path: &Path) -> Mail {
    let raw = fs::read(path).expect("a delivered mail stays");
    let at = fs::metadata(path).and_then(|file| file.modified()).expect("its time").into();
    let mut mail = Mail { at, is_taken: true, user: Some(USER.into()), from: String::new(), to: Vec::new(), raw };
    let address = |name: &str| mail.header(name).unwrap_or_default().trim_matches(['<', '>']).to_owned();
    (mail.from, mail.to) = (address("X-Envelope-From"), vec![address("X-Envelope-To")]);
    mail
}

/// The program that `scripts/install-deps --mail` took out of its package, and who it shall think it is.
fn exim(folder: &Path) -> Command {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target")), PathBuf::from);
    let tools = target.join("tools/exim4-daemon-light");
    let program = tools.join("exim4");
    assert!(program.is_file(), "Exim; scripts/install-deps --mail brings it");
    let mut command = Command::new(program);
    command
        .env("LD_LIBRARY_PATH", &tools)
        .env("LD_PRELOAD", tools.join("libnss_wrapper.so"))
        .env("NSS_WRAPPER_PASSWD", folder.join("passwd"))
        .env("NSS_WRAPPER_GROUP", folder.join("group"));
    command
}

fn configuration(folder: &Path, port: u16, tls_port: u16, with_tls: bool) -> String {
    let folder = folder.display();
    let offered = if with_tls {
        format!(
            "tls_advertise_hosts = *\ntls_certificate = {folder}/certificate.pem\ntls_privatekey = {folder}/key.pem\n\
             tls_on_connect_ports = {tls_port}\n"
        )
    } else {
        "tls_advertise_hosts =\n".into()
    };
    let admitted = if with_tls {
        "acl_mail:\n  accept encrypted = *\n    authenticated = *\n  deny message = 5.7.0 say who you are, over TLS\n"
    } else {
        "acl_mail:\n  accept\n"
    };
    let password = MailServer::PASSWORD;
    format!(
        "primary_hostname = localhost\n\
         spool_directory = {folder}/spool\n\
         log_file_path = {folder}/log/%slog\n\
         pid_file_path = {folder}/pid\n\
         keep_environment = LD_LIBRARY_PATH : LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP\n\
         local_interfaces = 127.0.0.1\n\
         daemon_smtp_ports = {port} : {tls_port}\n\
         host_lookup =\n\
         rfc1413_query_timeout = 0s\n\
         smtp_enforce_sync = false\n\
         deliver_drop_privilege = true\n\
         never_users =\n\
         acl_smtp_mail = acl_mail\n\
         acl_smtp_rcpt = acl_rcpt\n\
         acl_smtp_data = acl_data\n\
         {offered}\
         begin acl\n\
         {admitted}\
         acl_rcpt:\n  \
           warn delay = ${{readfile{{{folder}/delay}}}}\n  \
           deny message = 5.1.1 no such mailbox\n    \
             condition = ${{lookup{{$local_part@$domain}}lsearch{{{folder}/refused}}{{yes}}{{no}}}}\n  \
           defer message = 4.7.1 greylisted, come back\n    \
             condition = ${{if exists{{{folder}/greylist}}\
               {{${{run{{/bin/mkdir {folder}/greylist/$local_part@$domain}}{{yes}}{{no}}}}}}{{no}}}}\n  \
           accept\n\
         acl_data:\n  accept\n\
         begin routers\n\
         all:\n  driver = accept\n  transport = files\n\
         begin transports\n\
         files:\n  driver = appendfile\n  directory = {folder}/mail\n  maildir_format\n  create_directory\n  \
           headers_add = X-Envelope-From: <$sender_address>\\nX-Envelope-To: <$local_part@$domain>\n\
         begin authenticators\n\
         plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :\n  server_set_id = $auth2\n  \
           server_condition = ${{if and{{{{eq{{$auth2}}{{{USER}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}\n  \
           server_advertise_condition = ${{if def:tls_in_cipher}}\n"
    )
}
