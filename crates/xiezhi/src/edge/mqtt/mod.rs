//! Devices over MQTT 3.1.1 and 5, in the same process: they publish under `obs/{device}/{stream}` and nothing else.
//!
//! What must stay true: a message is confirmed (PUBACK) when it is on the disk, in the order in which it came, and not before;
//! a device signs in with its own name and password, publishes under its own name, and hears nothing of others; whoever sends
//! nothing, too much or nonsense costs no other device anything. No sessions are kept: what was not confirmed a device says
//! again, and the same reading twice is one.

/// One connection.
mod link;
/// What packets look like in either version.
mod packets;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;

use super::collect::Post;
use crate::kit::App;

/// Pause after the operating system refused a connection (no file descriptors left).
const BREATH: Duration = Duration::from_millis(50);

/// Listens on an address; gives the one that was bound. Must be called on the runtime of the server.
pub async fn start(app: Arc<App>, posts: Sender<Post>, address: &str) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let seats = Arc::new(Semaphore::new(app.config.file.limits.devices));
    tokio::spawn(async move {
        loop {
            let Ok((socket, from)) = listener.accept().await else {
                tokio::time::sleep(BREATH).await;
                continue;
            };
            // Over the cap the connection is closed at once: whoever waits in vain would only hold a descriptor.
            let Ok(seat) = seats.clone().try_acquire_owned() else { continue };
            let _ = socket.set_nodelay(true);
            let (app, posts) = (app.clone(), posts.clone());
            tokio::spawn(async move {
                link::run(app, posts, socket, from.ip().to_canonical()).await;
                drop(seat);
            });
        }
    });
    Ok(bound)
}
