//! The real nginx and the real Caddy in front of a daemon, with the files of `docs/proxy`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
use serde_json::Value;

use crate::world::daemon::{Daemon, Reply};
use crate::world::server_program::server_program;
use crate::world::{a_port_of_its_own, children, eventually};

/// Where the documented files have callbunker,
const DOCUMENTED: &str = "127.0.0.1:8080";
/// and another instance of it.
const SECOND: &str = "127.0.0.1:8081";

/// A proxy that runs.
pub struct Front {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Front {
    /// nginx with the documented file.
    pub fn documented_nginx(daemon: &Daemon) -> Self {
        Self::nginx_of("nginx.conf", &[(DOCUMENTED, address(daemon))])
    }

    /// nginx with the documented file for two instances at these addresses.
    pub fn documented_nginx_for_two([one, two]: [&str; 2]) -> Self {
        Self::nginx_of("nginx-two-instances.conf", &[(DOCUMENTED, one), (SECOND, two)])
    }

    fn nginx_of(file: &str, places: &[(&str, &str)]) -> Self {
        let text = documented(file, places);
        let is_tls = |line: &&str| !line.trim_start().starts_with("ssl_certificate");
        let text = text.lines().filter(is_tls).collect::<Vec<_>>().join("\n");
        assert!(text.contains("listen 443 ssl;"), "{text}");
        Self::nginx(|port| text.replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port};")))
    }

    /// nginx that passes on what is below `path`, with these lines.
    pub fn nginx_with(path: &str, lines: &str) -> Self {
        Self::nginx(|port| format!("server {{ listen 127.0.0.1:{port}; location {path} {{ {lines} }} }}"))
    }

    fn nginx(servers: impl FnOnce(u16) -> String) -> Self {
        let (folder, port) = place("nginx");
        let path = folder.display();
        // As Debian's own file has it, but for one process, which is nobody's but ours.
        let text = format!(
            "daemon off; master_process off; pid {path}/pid; error_log stderr;\nevents {{ worker_connections 256; }}\n\
             http {{ access_log off; client_body_temp_path {path}/body; proxy_temp_path {path}/proxy;\n\
             fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n{}\n}}",
            servers(port)
        );
        let config = folder.join("nginx.conf");
        std::fs::write(&config, text).expect("its configuration");
        let mut command = server_program("nginx");
        command.arg("-p").arg(&folder).args(["-e", "stderr", "-c"]).arg(&config);
        Self::start(command, folder, port)
    }

    /// Caddy with the documented file.
    pub fn documented_caddy(daemon: &Daemon) -> Self {
        Self::caddy_of("Caddyfile", &[(DOCUMENTED, address(daemon))])
    }

    /// Caddy with the documented file for two instances at these addresses.
    pub fn documented_caddy_for_two([one, two]: [&str; 2]) -> Self {
        Self::caddy_of("Caddyfile-two-instances", &[(DOCUMENTED, one), (SECOND, two)])
    }

    fn caddy_of(file: &str, places: &[(&str, &str)]) -> Self {
        let (folder, port) = place("caddy");
        let text = documented(file, places);
        let text = text.replace(".example.com {", &format!(".example.com:{port} {{\n\tbind 127.0.0.1"));
        let text = text.replace("\ncallbunker.", "\nhttp://callbunker.").replace("\nops.", "\nhttp://ops.");
        let config = folder.join("Caddyfile");
        std::fs::write(&config, format!("{{\n\tadmin off\n\tauto_https off\n}}\n{text}")).expect("its configuration");
        let mut command = server_program("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&config);
        command.env("HOME", &folder).env("XDG_DATA_HOME", &folder).env("XDG_CONFIG_HOME", &folder);
        Self::start(command, folder, port)
    }

    fn start(mut command: Command, folder: PathBuf, port: u16) -> Self {
        let said = std::fs::File::create(folder.join("said")).expect("a file");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        let process = children::start(command).expect("the proxy starts");
        let mut front = Self { process, folder, port };
        eventually("the proxy listens", || {
            assert!(front.process.try_wait().expect("its state").is_none(), "{}", front.said());
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        front
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.join("said")).unwrap_or_default()
    }

    /// Asks as a client at `from` does, for `host`, and reads to the end of the connection.
    pub fn ask_from(&self, from: [u8; 4], host: &str, request: &Asked<'_>) -> Reply {
        let mut stream = self.stream(from, host, request);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the proxy ends the connection");
        parse(&answer)
    }

    /// The lines of an answer that does not end.
    pub fn lines(&self, host: &str, request: &Asked<'_>) -> impl Iterator<Item = String> {
        BufReader::new(self.stream([127, 0, 0, 1], host, request)).lines().map_while(Result::ok)
    }

    fn stream(&self, from: [u8; 4], host: &str, request: &Asked<'_>) -> TcpStream {
        let mut stream = connected(from, self.port);
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n", request.method, request.path);
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if request.method == "POST" {
            head.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
        }
        stream.write_all(format!("{head}\r\n{}", request.body).as_bytes()).expect("the proxy takes the request");
        stream
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("the proxy said:\n{}", self.said());
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A request through a proxy.
pub struct Asked<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub headers: Vec<(&'a str, &'a str)>,
    pub body: String,
}

impl<'a> Asked<'a> {
    pub fn get(path: &'a str, headers: &[(&'a str, &'a str)]) -> Self {
        Self { method: "GET", path, headers: headers.to_vec(), body: String::new() }
    }
}

/// A file of `docs/proxy`, with callbunker where it is.
fn documented(file: &str, places: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(format!("docs/proxy/{file}")).expect("the file is there");
    places.iter().fold(text, |text, (place, address)| {
        assert!(text.contains(place), "{place} in {text}");
        text.replace(place, address)
    })
}

pub fn address(daemon: &Daemon) -> &str {
    daemon.url.strip_prefix("http://").expect("its url")
}

/// A folder and a port of its own.
fn place(name: &str) -> (PathBuf, u16) {
    let port = a_port_of_its_own();
    let folder = std::env::temp_dir().join(format!("callbunker-{name}-{}-{port}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    (folder, port)
}

/// A connection from another address of this machine's.
fn connected(from: [u8; 4], port: u16) -> TcpStream {
    let [a, b, c, d] = from;
    let fd = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).expect("a socket");
    let raw = std::os::fd::AsRawFd::as_raw_fd(&fd);
    bind(raw, &SockaddrIn::new(a, b, c, d, 0)).expect("an address of this machine's");
    connect(raw, &SockaddrIn::new(127, 0, 0, 1, port)).expect("the proxy listens");
    let stream = TcpStream::from(fd);
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a bound");
    stream
}

fn parse(answer: &[u8]) -> Reply {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if is_chunked { joined(&answer[end + 4..]) } else { answer[end + 4..].to_vec() };
    let text = String::from_utf8(body).expect("an answer is text");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Reply { status, headers: headers.into_iter().collect(), body }
}

/// The chunks of a body as one.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").expect("a chunk begins with its size");
        let size =
            std::str::from_utf8(&chunks[..end]).ok().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let size = size.expect("the size of a chunk");
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&chunks[end + 2..end + 2 + size]);
        chunks = &chunks[end + 4 + size..];
    }
}
