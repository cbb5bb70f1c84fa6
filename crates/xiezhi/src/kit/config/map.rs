//! `[map]`: what lies beneath our own layers.
//!
//! What must stay true: nothing from outside by default; only the hosts named here are let through by the content policy;
//! no map is shown without saying whose it is.

use serde::Deserialize;

/// Nothing by default; a PMTiles file of our own, or tiles of a map service as pictures.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MapFile {
    /// Name of a PMTiles file in the data folder.
    pub pmtiles: Option<String>,
    /// Addresses with `{z}`, `{x}` and `{y}`, from the lowest layer to the highest.
    pub tiles: Vec<String>,
    /// What they are drawn in: `wgs84 cgcs2000 gcj02 bd09`. Our own layers are moved to lie rightly on them.
    pub datum: Option<String>,
    /// Whose map it is and its number of approval (审图号); the law asks for it on every map that others see.
    pub attribution: String,
    /// Pixels of a tile, and how far it can be enlarged.
    pub tile_size: Option<u16>,
    /// Largest zoom for which there are tiles.
    pub max_zoom: Option<u8>,
}

impl MapFile {
    /// Whether there is anything.
    pub fn is_some(&self) -> bool {
        self.pmtiles.is_some() || !self.tiles.is_empty()
    }

    /// Scheme and host of the services, which the content policy must let pass.
    pub fn origins(&self) -> Vec<String> {
        let origin = |url: &String| {
            let (scheme, rest) = url.split_once("://")?;
            Some(format!("{scheme}://{}", rest.split('/').next()?))
        };
        let mut all: Vec<String> = self.tiles.iter().filter_map(origin).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Refuses what cannot be meant.
    pub fn check(&self) -> Result<(), String> {
        let say = |what: &str| Err(format!("[map] {what}"));
        if self.pmtiles.is_some() && !self.tiles.is_empty() {
            return say("pmtiles and tiles: one of them");
        }
        if self.pmtiles.as_ref().is_some_and(|name| name.starts_with('.') || name.contains(['/', '\\']) || name.is_empty()) {
            return say("pmtiles: the name of a file in the data folder");
        }
        let host = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        let fine = |url: &String| {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            let name = rest.and_then(|r| r.split('/').next()).unwrap_or_default();
            ["{z}", "{x}", "{y}"].iter().all(|p| url.contains(p)) && !name.is_empty() && name.chars().all(host)
        };
        if let Some(url) = self.tiles.iter().find(|url| !fine(url)) {
            return say(&format!("tiles: {url}: must look like https://host/…{{z}}…{{x}}…{{y}}…"));
        }
        if self.datum.as_ref().is_some_and(|name| calc::geo::datum::Datum::parse(name).is_none()) {
            return say("datum: one of wgs84 cgcs2000 gcj02 bd09");
        }
        if self.is_some() && self.attribution.trim().is_empty() {
            return say("attribution: say whose map it is, with its number of approval (审图号)");
        }
        if self.max_zoom.is_some_and(|z| z > 24) {
            return say("max_zoom: at most 24");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::config::Config;

    fn read(text: &str) -> Result<MapFile, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.toml");
        std::fs::write(&file, text).unwrap();
        Ok(Config::new(dir.path()).with_file(&file)?.file.map)
    }

    #[test]
    fn nothing_lies_beneath_a_map_unless_somebody_says_so() {
        let none = read("").unwrap();
        assert!(!none.is_some() && none.origins().is_empty());
        let url = "https://t0.example.org:8443/w?x={x}&y={y}&l={z}&tk=KEY";
        let two =
            read(&format!("[map]\ntiles = ['{url}', '{url}&labels']\ndatum = 'CGCS2000'\nattribution = '审图号 GS(2026)0000号'"))
                .unwrap();
        assert_eq!(two.origins(), ["https://t0.example.org:8443"]);
    }

    #[test]
    fn a_map_that_cannot_be_or_has_no_number_is_refused_at_the_start() {
        let wrong = |text: &str| read(&format!("[map]\nattribution = 'x'\n{text}")).unwrap_err();
        assert!(wrong("tiles = ['https://h/{z}/{x}']").contains("tiles"));
        assert!(wrong("tiles = [\"https://h; script-src */{z}/{x}/{y}\"]").contains("tiles"), "no way into the content policy");
        assert!(wrong("tiles = ['file:///{z}/{x}/{y}']").contains("tiles"));
        assert!(wrong("pmtiles = '../x.pmtiles'").contains("pmtiles"));
        assert!(wrong("pmtiles = 'a'\ntiles = ['https://h/{z}/{x}/{y}']").contains("one of them"));
        assert!(wrong("pmtiles = 'a'\ndatum = 'beijing54'").contains("datum"));
        assert!(read("[map]\npmtiles = 'a'").unwrap_err().contains("审图号"));
    }
}
