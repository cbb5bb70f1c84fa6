//! The way to one's work: where it starts, what the desk keeps, what it says instead of being silent.

use serde_json::json;
use xiezhi::base::party;
use xiezhi::kit::RoleKind;

use super::browser::{Browser, PUBLIC};
use super::world::{COMMUNITY, on_each_engine};

#[test]
fn everybody_begins_where_his_work_lies_and_finds_it_in_the_head_of_the_page() {
    on_each_engine(|w| {
        for (login, home) in [("clerk", "/desk"), ("grid", "/today"), ("admin", "/people"), ("resident", "/")] {
            assert_eq!(party::home_of(&w.who(login)), home, "{login}");
            let page = w.client(Some(login)).get_as("/equation", "text/html").text.replace("&#x2f;", "/");
            assert!(page.contains(&format!("href=\"{home}\"")), "{login}");
        }
        let mut who = w.who("admin");
        who.roles[0].kind = RoleKind::AuditAdmin;
        assert_eq!(party::home_of(&who), "/audit/reads");
    });
}

#[test]
fn an_action_leads_back_to_the_queue_it_was_done_in() {
    on_each_engine(|w| {
        w.configure(|c| c.file.public_url = Some(PUBLIC.into()));
        let mut clerk = Browser::new(w);
        clerk.sign_in("clerk");
        let (number, _) = clerk.client().report("楼道灯坏了");
        let open = clerk.get(&format!("/desk?queue=new&open={number}")).text;
        assert!(open.contains("name=\"back\" value=\"desk:new\""));
        let mut act = |action: &str, body: &str| clerk.post(&format!("/cases/{number}/{action}"), PUBLIC, "text/html", body).to;
        assert_eq!(act("accept", "back=desk%3Anew"), format!("/desk?queue=new&open={number}&done=accept#open"));
        // Whatever stands there stays within the desk.
        let odd = act("note", "text=x&back=desk%3A%2F%2Fevil%26open%3D1");
        assert_eq!(odd, format!("/desk?queue=//evil%26open%3D1&open={number}&done=note#open"));
    });
}

#[test]
fn a_clerk_who_takes_a_call_is_asked_for_his_own_community_first() {
    on_each_engine(|w| {
        let mut area = |login: &str, channel: &str| {
            let page = w.client(Some(login)).get_as(&format!("/report?channel={channel}"), "text/html").text;
            let from = page.find("name=\"area\" value=\"").unwrap() + "name=\"area\" value=\"".len();
            page[from..].split('"').next().unwrap().to_owned()
        };
        assert_eq!(area("clerk", "phone"), COMMUNITY);
        // The sub-district has many, and whoever reports for himself is asked as before.
        assert_eq!(area("street", "phone"), "");
        assert_eq!(area("clerk", "patrol"), "");
    });
}

#[test]
fn whoever_settled_a_matter_is_told_why_he_cannot_check_it() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let (number, _) = clerk.report("有人吵架");
        clerk.act(&number, "accept", json!({}));
        let to = w.body("committee");
        clerk.act(&number, "dispatch", json!({ "to": to }));
        clerk.act(&number, "accept", json!({}));
        clerk.act(&number, "feedback", json!({ "text": "劝开了" }));
        let mut page = |login: &str| w.client(Some(login)).get(&format!("/cases/{number}")).json()["own_work"].clone();
        assert_eq!((page("clerk"), page("street")), (json!(true), json!(false)));
    });
}

#[test]
fn words_in_the_search_for_numbers_do_not_show_everything() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let (number, _) = clerk.report("楼道灯坏了");
        let found = |q: &str| clerk.get(&format!("/desk?q={q}")).json()["items"].as_array().unwrap().len();
        assert_eq!((found(&number), found("%E6%BC%8F%E6%B0%B4"), found("%20")), (1, 0, 1));
        assert!(clerk.get_as("/desk?q=abc", "text/html").text.contains("按编号查"));
    });
}
