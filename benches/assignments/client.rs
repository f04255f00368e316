//! One keep-alive connection that speaks just enough HTTP/1.1. It shares the cores with what it measures, so it does little.
//!
//! How to get it wrong: taking a refusal for an answer. Whoever calls looks at the status.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::with_capacity(512), answer: vec![0; 64 * 1024] })
    }

    /// Sends a POST and reads the whole answer; returns its status.
    pub async fn post(&mut self, path: &str, key: &str, body: &str) -> Result<u16> {
        use std::io::Write as _;
        self.request.clear();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Admin-API-Key: {key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.stream.write_all(&self.request).await?;
        let mut read = 0;
        loop {
            let more = self.stream.read(&mut self.answer[read..]).await?;
            if more == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            read += more;
            if let Some((status, length)) = head(&self.answer[..read])?
                && read >= length
            {
                return Ok(status);
            }
        }
    }
}

/// The status and the length of the whole answer, once its head is complete.
fn head(answer: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&answer[..end]).map_err(Error::other)?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let length = lines.find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok());
    let (Some(status), Some(length)) = (status, length) else {
        return Err(Error::other("an answer without a status or a length"));
    };
    let length: usize = length;
    Ok(Some((status, end + 4 + length)))
}
