//! Lines in, lines out.
//!
//! Invariant: a line and a mail have a bound; who exceeds it is cut off.
//!
//! How to get it wrong: reading a mail as text. Its bytes are the client's.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::far_side::reset;

const LINE_BYTES_MAX: u64 = 64 << 10;
const MAIL_BYTES_MAX: usize = 16 << 20;

/// A client's connection.
pub(super) struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        // Without it answers may wait for the client's acknowledgement; they are right all the same.
        let _ = stream.set_nodelay(true);
        Self { stream: BufReader::new(stream) }
    }

    /// The next line without its end; `None`: the client is gone.
    pub(super) async fn line(&mut self) -> io::Result<Option<String>> {
        let line = self.bytes().await?;
        Ok(line.map(|line| String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    async fn bytes(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        (&mut self.stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
        Ok(line.ends_with(b"\n").then_some(line))
    }

    /// A mail up to its lone dot, without the dots that were put before dots; `None`: the client is gone, or goes on for ever.
    pub(super) async fn mail(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut mail = Vec::new();
        while let Some(line) = self.bytes().await? {
            if line == b".\r\n" || line == b".\n" {
                return Ok(Some(mail));
            }
            mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if mail.len() > MAIL_BYTES_MAX {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Says one line or several, each with its code.
    pub(super) async fn say(&mut self, lines: &str) -> io::Result<()> {
        let text: String = lines.lines().flat_map(|line| [line, "\r\n"]).collect();
        self.stream.get_mut().write_all(text.as_bytes()).await
    }

    /// Ends it with a reset.
    pub(super) fn cut(self) {
        reset(self.stream.get_ref());
    }
}
