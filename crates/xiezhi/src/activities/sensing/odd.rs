//! How often a device told what made no sense: it cannot always be told (MQTT 3.1.1 knows no refusal), so the desk is.
//!
//! What must stay true: counted in memory and written down each hour in one write; what a crash takes is a count and nothing else.
//!
//! Log kinds written: `device.refused`.

use store::{Entry, Query, params};

use super::Device;
use crate::kit::time::Ms;
use crate::kit::{App, Error, Result};

/// How often, and when last; none when it never did.
pub fn of(app: &App, q: &mut dyn Query, device: &Device) -> Result<Option<(i64, Ms)>> {
    let row = q.row("select refused, refused_at from device where id = $1", params![&device.id])?;
    let kept: (i64, Option<Ms>) = row.map_or(Ok((0, None)), |r| Ok::<_, Error>((r.get("refused")?, r.get("refused_at")?)))?;
    let fresh = app.refused.of(&device.id);
    let at = fresh.map(|(_, at)| at).or(kept.1);
    Ok(at.map(|at| (kept.0 + fresh.map_or(0, |(n, _)| n), at)))
}

/// Writes down what was counted since the last time.
pub fn flush(app: &App) -> Result<()> {
    let _alone = app.refused.writing();
    let all = app.refused.all();
    if all.is_empty() {
        return Ok(());
    }
    let some = all.clone();
    app.db.write(move |tx| {
        let n: i64 = some.iter().map(|(_, n, _)| n).sum();
        tx.log(Entry::new("device.refused", "device", "").fact("devices", some.len() as i64).fact("readings", n))?;
        for (id, n, at) in &some {
            tx.exec("update device set refused = refused + $2, refused_at = $3 where id = $1", params![id, *n, *at])?;
        }
        Ok::<_, Error>(())
    })?;
    app.refused.written(&all);
    Ok(())
}
