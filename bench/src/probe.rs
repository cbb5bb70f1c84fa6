//! What the disk gives: appends of one page, each followed by fdatasync. The figure that ungrouped writing cannot pass.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PAGE: usize = 4096;

/// Measures in a folder, leaving nothing behind.
pub fn run(dir: &Path, seconds: Duration) -> io::Result<Value> {
    let path = dir.join("bench-probe.tmp");
    let measured = measure(&path, seconds);
    std::fs::remove_file(&path)?;
    let count = measured?;
    Ok(json!({ "fdatasync_per_second": (count as f64 / seconds.as_secs_f64()).round() as u64 }))
}

fn measure(path: &Path, seconds: Duration) -> io::Result<u64> {
    let mut file = File::create(path)?;
    let until = Instant::now() + seconds;
    let mut count = 0;
    while Instant::now() < until {
        file.write_all(&[7; PAGE])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(count)
}
