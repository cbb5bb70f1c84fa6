//! Fire alarm panels over GB/T 26875.3: user transmission devices (用户信息传输装置) call in over TCP, tell how systems and components
//! are, and are confirmed.
//!
//! What must stay true: a frame is confirmed when what it tells is on the disk and not before, the frames of a connection in their
//! order; what nobody added at the desk is denied, and seen there; whoever sends nothing, too much or nonsense costs no other
//! panel anything. The protocol knows no password: only the networks of the settings are listened to.

/// One connection.
mod link;
/// What frames say, as readings.
mod panel;

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
    let seats = Arc::new(Semaphore::new(app.config.file.limits.panels));
    tokio::spawn(async move {
        loop {
            let Ok((socket, from)) = listener.accept().await else {
                tokio::time::sleep(BREATH).await;
                continue;
            };
            let ip = from.ip().to_canonical();
            if !app.config.file.panels.allows(ip) {
                continue;
            }
            // Over the cap the connection is closed at once: whoever waits in vain would only hold a descriptor.
            let Ok(seat) = seats.clone().try_acquire_owned() else { continue };
            let _ = socket.set_nodelay(true);
            let (app, posts) = (app.clone(), posts.clone());
            tokio::spawn(async move {
                link::run(app, posts, socket, ip).await;
                drop(seat);
            });
        }
    });
    Ok(bound)
}
