//! `xiezhi demo --levels N`: nodes above the demo, in the same process, each with a folder, a log and an address of its own.

use std::sync::Arc;

use xiezhi::demo;
use xiezhi::edge::serve;
use xiezhi::kit::App;

use super::Node;

/// Starts the levels above the demo and joins them; gives the lines that say where they are and who has an account there.
pub fn start(app: &Arc<App>, node: &Node, levels: u8) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    let (mut beneath, mut kind) = (app.clone(), "street");
    for level in demo::levels::LEVELS.iter().take(usize::from(levels.saturating_sub(1))) {
        let mut config = node.config()?;
        config.data = config.data.join(level.name);
        // The demo may lie in PostgreSQL; a level above is a database of its own.
        config.database_url = None;
        (config.demo, config.manual_clock) = (true, app.config.manual_clock);
        config.listen = "127.0.0.1:0".into();
        config.base.clone_from(&app.config.base);
        let above = Arc::new(App::open(config)?);
        demo::levels::seed(&above, app, level).map_err(|e| e.to_string())?;
        let (tell, hear) = std::sync::mpsc::channel();
        let served = above.clone();
        // It ends with the process: what it answered is on the disk.
        std::thread::spawn(move || {
            serve::run_until(served, |bound| tell.send(bound).unwrap_or_default(), std::future::pending())
        });
        let bound = hear.recv().map_err(|_| format!("the {} did not start", level.name))?;
        let url = format!("http://{}{}", bound.http, app.config.base);
        demo::levels::join(&above, &url, &beneath, kind).map_err(|e| e.to_string())?;
        lines.push(format!("level {} http://{}", level.name, bound.http));
        for (role, name, password) in demo::levels::accounts(&above, level) {
            lines.push(format!("level-account {} {role} {name} {password}", level.name));
        }
        (beneath, kind) = (above, level.kind());
    }
    Ok(lines)
}
