//! Just enough HTTP/1.1 for a keep-alive client: it sends prepared bytes and reads an answer to its end.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Most bytes of an answer's head.
const MAX_HEAD: usize = 16 << 10;

/// One connection with its buffer.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the last answer led, when it did.
    pub location: Option<String>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: &str) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(4 << 10), location: None })
    }

    /// Sends a request and reads the whole answer; gives its status. After an error the connection is of no use.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
            if self.buffer.len() > MAX_HEAD && find(&self.buffer, b"\r\n\r\n").is_none() {
                return Err(broken("the head of the answer is too long"));
            }
        };
        let status = status(&self.buffer).ok_or_else(|| broken("no status line"))?;
        self.location = header(&self.buffer[..head], b"location:");
        match length(&self.buffer[..head]) {
            Some(length) => {
                let mut missing = (head + length).saturating_sub(self.buffer.len());
                while missing > 0 {
                    // The body itself is of no interest; only its end is.
                    self.buffer.clear();
                    missing = missing.saturating_sub(self.more().await?);
                }
            }
            None => {
                while !self.buffer.ends_with(b"\r\n0\r\n\r\n") {
                    self.more().await?;
                }
            }
        }
        Ok(status)
    }

    async fn more(&mut self) -> io::Result<usize> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            n => Ok(n),
        }
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}

/// Length of the body; `None` when it comes in chunks.
fn length(head: &[u8]) -> Option<usize> {
    header(head, b"content-length:")?.parse().ok()
}

/// A header by its name with the colon.
fn header(head: &[u8], name: &[u8]) -> Option<String> {
    head.split(|b| *b == b'\n').find_map(|line| {
        let fits = line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name);
        fits.then(|| Some(std::str::from_utf8(&line[name.len()..]).ok()?.trim().to_owned()))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let head = b"HTTP/1.1 201 Created\r\nContent-Length: 17\r\ndate: x\r\n\r\n";
        assert_eq!((status(head), length(head)), (Some(201), Some(17)));
        assert_eq!(length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), None);
        assert_eq!(status(b"HTTP"), None);
    }
}
