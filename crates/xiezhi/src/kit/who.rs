//! Who acts: a person (or nobody) in roles, each role valid for an area and everything beneath it.

use std::fmt;
use std::str::FromStr;

use store::Entry;

use super::error::{Kind, Result};
use super::names::names;

names! {
    /// Kinds of role.
    RoleKind {
        Resident = "resident", GridWorker = "grid_worker", BuildingHead = "building_head", Committee = "committee",
        Property = "property", VolunteerGroup = "volunteer_group", SocialOrg = "social_org", SocialWorker = "social_worker",
        Enterprise = "enterprise", Department = "department", Operator = "operator", Subdistrict = "subdistrict",
        District = "district", City = "city", Province = "province", Nation = "nation", Auditor = "auditor",
        SystemAdmin = "system_admin", SecurityAdmin = "security_admin", AuditAdmin = "audit_admin",
    }
}

impl RoleKind {
    /// Desks answer for an area: they receive, dispatch and close.
    pub fn is_desk(self) -> bool {
        use RoleKind::*;
        matches!(self, Committee | Operator | Subdistrict | District | City | Province | Nation)
    }

    /// Parties that handle what is dispatched to them.
    pub fn is_handler(self) -> bool {
        use RoleKind::*;
        matches!(self, Property | VolunteerGroup | SocialOrg | SocialWorker | Enterprise | Department | GridWorker)
            || self.is_desk()
    }

    /// Those who look at what administrators do.
    pub fn watches(self) -> bool {
        use RoleKind::*;
        matches!(self, Auditor | AuditAdmin | SecurityAdmin)
    }

    /// Groups and firms that may take on a case by themselves, where its class allows.
    pub fn may_claim(self) -> bool {
        use RoleKind::*;
        matches!(self, VolunteerGroup | SocialOrg | SocialWorker | Enterprise)
    }

    /// Those who look after a grid or a house on the spot.
    pub fn walks(self) -> bool {
        matches!(self, RoleKind::GridWorker | RoleKind::BuildingHead)
    }

    /// Everybody who works with cases, as opposed to residents and administrators.
    pub fn is_staff(self) -> bool {
        self.is_handler() || self == RoleKind::BuildingHead
    }
}

impl fmt::Display for RoleKind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RoleKind {
    type Err = ();
    fn from_str(s: &str) -> std::result::Result<RoleKind, ()> {
        RoleKind::parse(s).ok_or(())
    }
}

/// A role that is valid now.
#[derive(Clone, Debug)]
pub struct Role {
    /// Kind of role.
    pub kind: RoleKind,
    /// Area id.
    pub area: String,
    /// Path of that area: a prefix of the paths of all areas beneath.
    pub path: String,
    /// Organisation for which the role is held.
    pub body: Option<String>,
    /// Its name.
    pub body_name: Option<String>,
}

/// Who acts. `Default` is a visitor.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// The person, when signed in; the one acted for, when somebody acts for another.
    pub person: Option<String>,
    /// Who acts in truth, when it is for another.
    pub by: Option<String>,
    /// The roles valid now.
    pub roles: Vec<Role>,
    /// Session, as stored (hashed).
    pub session: Option<String>,
    /// The key of a program: then `by` is whose delegate it is, there is no person, and the one role is that of the key.
    pub key: Option<Held>,
}

/// The key with which somebody's program calls.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its id.
    pub id: String,
    /// What it is for: ids of purposes.
    pub purposes: String,
}

impl Who {
    /// The program itself, when a deadline fires.
    pub fn system() -> Who {
        Who::default()
    }

    /// Who does it, as the log names him.
    pub fn actor(&self) -> Option<&str> {
        self.by.as_deref().or(self.person.as_deref())
    }

    /// True when any role is of this kind.
    pub fn is(&self, kind: RoleKind) -> bool {
        self.roles.iter().any(|r| r.kind == kind)
    }

    /// True when any role works with cases.
    pub fn is_staff(&self) -> bool {
        self.roles.iter().any(|r| r.kind.is_staff())
    }

    /// True when the person works for the organisation. A grid worker is led by a committee but is not its clerk, and a
    /// resident works for nobody: they stand to a case by where they live and walk.
    pub fn in_body(&self, body: &str) -> bool {
        self.roles.iter().any(|r| r.body.as_deref() == Some(body) && r.kind.is_handler() && !r.kind.walks())
    }

    /// The desk role, if any, that answers for the area at `path`; the nearest one first.
    pub fn desk_over(&self, path: &str) -> Option<&Role> {
        self.roles.iter().filter(|r| r.kind.is_desk() && path.starts_with(&r.path)).max_by_key(|r| r.path.len())
    }

    /// The desk role of his nearest area: where he works himself.
    pub fn nearest_desk(&self) -> Option<&Role> {
        self.roles.iter().filter(|r| r.kind.is_desk()).max_by_key(|r| r.path.len())
    }

    /// The desk role of his largest area: all that he answers for.
    pub fn widest_desk(&self) -> Option<&Role> {
        self.roles.iter().filter(|r| r.kind.is_desk()).min_by_key(|r| r.path.len())
    }

    /// Any role at or above the area.
    pub fn role_over(&self, path: &str) -> Option<&Role> {
        self.roles.iter().filter(|r| path.starts_with(&r.path)).max_by_key(|r| r.path.len())
    }

    /// An entry of the log by the desk of the place at `path`, in the role it acts in; refused to everybody else.
    pub fn by_desk<'w>(&'w self, path: &str, area: &'w str, entry: Entry<'w>) -> Result<Entry<'w>> {
        let role = self.desk_over(path).ok_or(Kind::Denied)?;
        let (actor, party) = (self.actor(), role.body.as_deref());
        Ok(Entry { actor, role: Some(role.kind.as_str()), party, area: Some(area), ..entry })
    }

    /// In which role somebody takes part in a matter of the area at `path`, in his own name: whoever lives there, or works
    /// there or above. None for strangers, and for whoever acts for another: an opinion is one's own.
    pub fn part_in(&self, path: &str) -> Option<RoleKind> {
        if self.by.is_some() || self.person.is_none() {
            return None;
        }
        let here = |r: &&Role| r.path.starts_with(path) || (r.kind.is_staff() && path.starts_with(&r.path));
        let roles = || self.roles.iter().filter(here).map(|r| r.kind);
        // Whoever works there says so; a resident with no other role is a resident.
        roles().find(|k| k.is_staff()).or(roles().next())
    }

    /// Name under which idempotency keys of this person are kept apart from others'.
    pub fn key_space(&self) -> &str {
        self.key.as_ref().map(|k| k.id.as_str()).or(self.person.as_deref()).unwrap_or("visitor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lives_or_works_there_takes_part_in_his_own_name() {
        let role = |kind, path: &str| Role { kind, area: String::new(), path: path.into(), body: None, body_name: None };
        let who = |roles| Who { person: Some("p".into()), roles, ..Who::default() };
        let resident = who(vec![role(RoleKind::Resident, "/a/b/c/")]);
        assert_eq!(resident.part_in("/a/b/"), Some(RoleKind::Resident));
        assert_eq!(resident.part_in("/a/x/"), None);
        let both = who(vec![role(RoleKind::Resident, "/a/b/c/"), role(RoleKind::BuildingHead, "/a/b/c/")]);
        assert_eq!(both.part_in("/a/b/"), Some(RoleKind::BuildingHead));
        // A department of the city works in all of it; a resident of the city at large does not live everywhere.
        assert_eq!(who(vec![role(RoleKind::Department, "/a/")]).part_in("/a/b/"), Some(RoleKind::Department));
        assert_eq!(who(vec![role(RoleKind::Resident, "/a/")]).part_in("/a/b/"), None);
        assert_eq!(Who { by: Some("h".into()), ..resident }.part_in("/a/b/"), None);
        assert_eq!(Who::default().part_in("/a/b/"), None);
    }
}
