//! Staff: two agree on what is heavy, hands stay narrow, and the person sees whose they were.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::domain::{
    operation::{Audience, OPERATIONS},
    staff::StaffRole,
};

use crate::support::{
    Answer, App, Inner, Member, PASSWORD, Person, Process, TestDatabase, challenge_of, eventually, settings,
};

const EMAIL: &str = "ada@example.org";

/// A person with a verified phone, and a case that waits.
pub async fn person_with_case(app: &App) -> (Person, String) {
    let ada = app.person(EMAIL).await;
    ada.verifies_phone("+64211234567").await;
    let asked = json!({ "category": "payments", "message": "Why was my withdrawal put off?" });
    let opened = ada.sends(Method::POST, "/v1/support-cases", &[], Some(&asked)).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let id = opened.json()["support_case"]["support_case_id"].as_str().unwrap().to_owned();
    (ada, id)
}

pub fn read(ada: &Person, case: &str, fields: &Value) -> Value {
    json!({ "account_id": ada.account_id, "fields": fields, "purpose": "support_case", "support_case_id": case })
}

#[tokio::test]
async fn the_first_two_admins_come_by_command_once_and_all_others_by_invitation() {
    let app = App::start().await;
    let admins = app.admins().await;
    let own = admins[0].gets("/v1/staff/members/current").await.json();
    assert_eq!((&own["state"], &own["roles"]), (&json!("active"), &json!(["admin"])));
    let again = Process::run(&app.settings, &["staff", "bootstrap", "a@example.org", "b@example.org"]);
    assert!(!again.status.success(), "once");

    let grace = admins[0].brings_in("grace@staff.example.org").await;
    assert_eq!(grace.gets("/v1/staff/members/current").await.json()["roles"], json!([]));
    let twice = admins[1].posts("/v1/staff/members", &json!({ "email": "grace@staff.example.org" })).await;
    assert_eq!(twice.problem(), (409, "staff_email_taken".to_owned()));
    let page = admins[0].gets("/v1/staff/members?limit=2").await.json();
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    let rest =
        admins[0].gets(&format!("/v1/staff/members?cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!(rest.json()["data"].as_array().unwrap().len(), 1);

    // An invitation lapses, and one that was taken up is used up.
    let invited = admins[0].posts("/v1/staff/members", &json!({ "email": "late@staff.example.org" })).await;
    assert_eq!(invited.status, 201);
    let mail = app.mail_saying("late@staff.example.org", "You are invited to work").await;
    let token = mail.split_whitespace().find(|word| word.len() == 71).unwrap().to_owned();
    app.advance(TimeDelta::hours(72));
    let late = json!({ "invitation_token": token, "real_name": "Late", "password": PASSWORD });
    let answer = app.post("/v1/staff/invitation-acceptances", &late).await;
    assert_eq!(answer.problem(), (410, "invitation_expired".to_owned()));
}

#[tokio::test]
async fn heavy_roles_take_two_admins_and_nobody_holds_two_of_them() {
    let app = App::start().await;
    let admins = app.admins().await;
    let grace = admins[0].brings_in("grace@staff.example.org").await;
    let grant = admins[0].proposes(&grace, "data_processor").await;
    assert_eq!((grant.status, &grant.json()["state"]), (201, &json!("proposed")));
    assert_eq!(
        admins[0].decides(&grant, "approve").await.problem(),
        (403, "second_person_required".to_owned())
    );
    let again = admins[0].proposes(&grace, "data_processor").await;
    assert_eq!(again.problem(), (409, "staff_state_conflict".to_owned()));
    let granted = admins[1].decides(&grant, "approve").await;
    assert_eq!((granted.status, &granted.json()["state"]), (201, &json!("effective")));
    assert_eq!(
        admins[1].decides(&grant, "decline").await.problem(),
        (409, "staff_state_conflict".to_owned())
    );
    for role in ["legal", "admin"] {
        assert_eq!(
            admins[0].proposes(&grace, role).await.problem(),
            (409, "role_conflict".to_owned()),
            "{role}"
        );
    }
    for role in ["support", "auditor"] {
        let grant = admins[0].proposes(&grace, role).await;
        assert_eq!((grant.status, &grant.json()["state"]), (201, &json!("effective")), "{role}");
    }
    let roles = grace.gets("/v1/staff/members/current").await.json()["roles"].clone();
    assert_eq!(roles, json!(["auditor", "data_processor", "support"]));
    assert_eq!(
        admins[0].proposes(&admins[0], "support").await.problem(),
        (403, "second_person_required".to_owned())
    );

    // A role asked for before another was granted does not slip through.
    let linus = admins[0].brings_in("linus@staff.example.org").await;
    let (legal, processor) =
        (admins[0].proposes(&linus, "legal").await, admins[0].proposes(&linus, "data_processor").await);
    assert_eq!(admins[1].decides(&legal, "approve").await.status, 201);
    assert_eq!(admins[1].decides(&processor, "approve").await.problem(), (409, "role_conflict".to_owned()));
    assert_eq!(
        admins[0].decides(&processor, "decline").await.status,
        201,
        "what one asked for oneself is taken back"
    );
}

#[tokio::test]
async fn there_are_never_fewer_than_two_admins_and_what_is_revoked_ends_at_once() {
    let app = App::start().await;
    let admins = app.admins().await;
    let linus = app.member(&admins, "legal").await;
    let path = format!("/v1/staff/members/{}/roles/admin", admins[1].staff_id);
    assert_eq!(
        admins[0].sends(Method::DELETE, &path, None).await.problem(),
        (409, "staff_state_conflict".to_owned())
    );
    let path = format!("/v1/staff/members/{}/deactivation", admins[1].staff_id);
    assert_eq!(
        admins[0].sends(Method::POST, &path, None).await.problem(),
        (409, "staff_state_conflict".to_owned())
    );
    let path = format!("/v1/staff/members/{}/roles/legal", linus.staff_id);
    assert_eq!(admins[0].sends(Method::DELETE, &path, None).await.status, 200);
    let path = format!("/v1/staff/members/{}/deactivation", linus.staff_id);
    assert_eq!(admins[0].sends(Method::POST, &path, None).await.status, 201);
    assert_eq!(linus.gets("/v1/staff/members/current").await.status, 401, "at once");
    assert_eq!(linus.tries_to_sign_in().await.problem(), (401, "invalid_credentials".to_owned()));
}

#[tokio::test]
async fn who_left_signs_in_no_more_and_is_forgotten_after_six_years() {
    let app = App::start().await;
    let admins = app.admins().await;
    let services = crate::rights::services(&app).await;
    let erasure = smart_mining::server::erasure(&services.kyc);
    let linus = app.member(&admins, "legal").await;
    let invited = admins[0].posts("/v1/staff/members", &json!({ "email": "late@staff.example.org" })).await;
    assert_eq!(invited.status, 201, "{}", invited.text);
    let path = format!("/v1/staff/members/{}/deactivation", linus.staff_id);
    assert_eq!(admins[0].sends(Method::POST, &path, None).await.status, 201);
    let secrets =
        "SELECT count(*) AS n FROM staff_members WHERE password IS NOT NULL OR totp_secret IS NOT NULL";
    assert_eq!(app.database.number(secrets), 2, "of the admins alone");
    let members = || app.database.number("SELECT count(*) AS n FROM staff_members");
    let keys = || app.database.keys_number("SELECT count(*) AS n FROM subject_keys");
    let (before, per_member) = (keys(), 2);

    app.advance(TimeDelta::days(33) - TimeDelta::seconds(1));
    assert_eq!(services.staff.forget(&erasure, 10).await.unwrap(), 0);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(services.staff.forget(&erasure, 10).await.unwrap(), 1, "nobody took the invitation up");
    assert_eq!(members(), 3);
    app.advance(TimeDelta::days(6 * 365 + 2 - 33) - TimeDelta::seconds(1));
    assert_eq!(services.staff.forget(&erasure, 10).await.unwrap(), 0);
    // 2028 and 2032 have a 29 February.
    app.advance(TimeDelta::seconds(1));
    assert_eq!(services.staff.forget(&erasure, 10).await.unwrap(), 1);
    assert_eq!(services.staff.forget(&erasure, 10).await.unwrap(), 0);
    assert_eq!(members(), 2);
    assert!(keys() + 2 * per_member <= before, "{} of {before}", keys());
    let admin = admins[0].clone().comes_again().await;
    let listed = admin.gets("/v1/staff/members").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2, "{listed}");
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn a_session_lapses_idle_and_ends_after_eight_hours_and_a_step_up_after_ten_minutes() {
    let app = App::start().await;
    let mut grace = app.admins().await[0].clone();
    let renew = |grace: &Member| {
        let grace = grace.clone();
        async move { grace.sends(Method::POST, "/v1/staff/sessions/current/renewals", None).await }
    };
    grace.signs_in().await;
    let body = json!({ "email": grace.email, "password": PASSWORD, "code": grace.totp.code(&app) });
    let used = app.post("/v1/staff/sessions", &body).await;
    assert_eq!(used.problem(), (401, "invalid_credentials".to_owned()), "a code works once");
    for _ in 0..(8 * 60 / 9) {
        app.advance(TimeDelta::minutes(9));
        let renewed = renew(&grace).await;
        assert_eq!(renewed.status, 201, "{}", renewed.text);
        grace.access_token = renewed.json()["access_token"].as_str().unwrap().to_owned();
    }
    let invite = grace.posts("/v1/staff/members", &json!({ "email": "x@staff.example.org" })).await;
    assert_eq!(invite.problem(), (403, "step_up_required".to_owned()));
    let step = json!({ "code": grace.totp.code(&app) });
    assert_eq!(grace.posts("/v1/staff/sessions/current/step-up", &step).await.status, 201);
    assert_eq!(
        grace.posts("/v1/staff/sessions/current/step-up", &step).await.problem(),
        (422, "wrong_code".to_owned())
    );
    assert_eq!(
        grace.posts("/v1/staff/members", &json!({ "email": "x@staff.example.org" })).await.status,
        201
    );
    app.advance(TimeDelta::minutes(9));
    assert_eq!(renew(&grace).await.status, 401, "eight hours are over");
    grace.signs_in().await;
    app.advance(TimeDelta::minutes(11));
    assert_eq!(grace.gets("/v1/staff/members/current").await.status, 401, "ten idle minutes");
    grace.signs_in().await;
    assert_eq!(grace.sends(Method::DELETE, "/v1/staff/sessions/current", None).await.status, 200);
    assert_eq!(grace.gets("/v1/staff/members/current").await.status, 401);
}

#[tokio::test]
async fn strangers_lock_no_member_out_and_whoever_has_the_password_guesses_few_codes() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1/32")]).await;
    let mut grace = app.admins().await[0].clone();
    let from = |address: String, password: &'static str, code: String| {
        let body = json!({ "email": grace.email, "password": password, "code": code });
        let app = &app;
        async move {
            app.send(Method::POST, "/v1/staff/sessions", &[("x-forwarded-for", &address)], Some(&body)).await
        }
    };
    for n in 0..40 {
        let answer = from(format!("203.0.113.{}", n % 3), "wrong and long enough", "000000".to_owned()).await;
        let expected = if n < 30 { (401, "invalid_credentials") } else { (429, "too_many_attempts") };
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{n}");
    }
    grace.signs_in().await;
    let from = |address: String, code: String| {
        let body = json!({ "email": grace.email, "password": PASSWORD, "code": code });
        let app = &app;
        async move {
            app.send(Method::POST, "/v1/staff/sessions", &[("x-forwarded-for", &address)], Some(&body)).await
        }
    };
    for n in 0..12 {
        let answer = from(format!("198.51.100.{n}"), "000000".to_owned()).await;
        let expected = if n < 10 { (401, "invalid_credentials") } else { (429, "too_many_attempts") };
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{n}");
    }
}

#[tokio::test]
async fn a_data_processor_opens_the_asked_fields_and_the_person_sees_it() {
    let app = App::start_with(&[("STAFF_READS_PER_HOUR", "3")]).await;
    let (ada, case) = person_with_case(&app).await;
    let eve = app.person("eve@example.org").await;
    let admins = app.admins().await;
    let grace = app.member(&admins, "data_processor").await;
    let answer = grace
        .posts("/v1/staff/personal-data-reads", &read(&ada, &case, &json!(["real_name", "phone"])))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(
        answer.json()["fields"],
        json!([{ "field": "real_name", "value": "Ada Lovelace" }, { "field": "phone", "value": "+64211234567" }])
    );
    assert!(!answer.text.contains(EMAIL), "only what was asked for");
    assert!(answer.header("log-promise").contains('.'));

    let log = ada.gets("/v1/access-log").await.json();
    let entry = &log["data"][0];
    assert_eq!(
        (&entry["role"], &entry["fields"], &entry["purpose"]),
        (&json!("data_processor"), &json!(["real_name", "phone"]), &json!("support_case"))
    );
    assert!(!log.to_string().contains(&grace.staff_id), "the role, not the member");
    assert_eq!(eve.gets("/v1/access-log").await.json()["data"], json!([]));

    // Another person's case opens nothing, nor does a closed one, nor an unknown field.
    let strange = grace.posts("/v1/staff/personal-data-reads", &read(&eve, &case, &json!(["email"]))).await;
    assert_eq!(strange.problem(), (404, "not_found".to_owned()));
    for fields in [json!([]), json!(["password"]), json!(["email", "email"])] {
        let refused = grace.posts("/v1/staff/personal-data-reads", &read(&ada, &case, &fields)).await;
        assert_eq!(refused.status, 422, "{fields}");
    }

    // The hour's budget, and a second person who allows more.
    let one = |field: &str| read(&ada, &case, &json!([field]));
    assert_eq!(grace.posts("/v1/staff/personal-data-reads", &one("email")).await.status, 201);
    let beyond = grace.posts("/v1/staff/personal-data-reads", &one("email")).await;
    assert_eq!(beyond.problem(), (429, "read_budget_exhausted".to_owned()));
    assert!(beyond.header("retry-after").parse::<u32>().unwrap() > 0);
    let path = format!("/v1/staff/members/{}/read-allowances", grace.staff_id);
    assert_eq!(
        grace.posts(&path, &json!({ "reads": 1 })).await.problem(),
        (403, "second_person_required".to_owned())
    );
    assert_eq!(admins[0].posts(&path, &json!({ "reads": 0 })).await.status, 422);
    assert_eq!(admins[0].posts(&path, &json!({ "reads": 1 })).await.status, 201);
    assert_eq!(grace.posts("/v1/staff/personal-data-reads", &one("email")).await.status, 201);
    assert_eq!(grace.posts("/v1/staff/personal-data-reads", &one("email")).await.status, 429);
    assert_eq!(ada.gets("/v1/access-log").await.json()["data"].as_array().unwrap().len(), 3);
    let page = ada.gets("/v1/access-log?limit=1").await.json();
    assert!(page["next_cursor"].is_string());

    assert_eq!(
        ada.sends(Method::POST, &format!("/v1/support-cases/{case}/closure"), &[], None).await.status,
        201
    );
    app.advance(TimeDelta::hours(1));
    let mut grace = grace;
    grace.signs_in().await;
    let closed = grace.posts("/v1/staff/personal-data-reads", &one("email")).await;
    assert_eq!(closed.problem(), (409, "staff_state_conflict".to_owned()));
}

#[tokio::test]
async fn a_person_is_found_by_an_exact_match_and_comes_masked() {
    let app = App::start().await;
    let (ada, _) = person_with_case(&app).await;
    let admins = app.admins().await;
    let support = app.member(&admins, "support").await;
    let by_account = json!({ "account_id": ada.account_id });
    for lookup in [json!({ "email": EMAIL }), json!({ "phone": "+64211234567" }), by_account] {
        let found = support.posts("/v1/staff/person-lookups", &lookup).await;
        assert_eq!(found.status, 201, "{}", found.text);
        let person = found.json();
        assert_eq!(person["account_id"], ada.account_id);
        assert_eq!(
            (&person["real_name"], &person["email"], &person["phone"]),
            (&json!("A*** L***"), &json!("a***@***.org"), &json!("***67"))
        );
    }
    for nobody in [json!({ "email": "ad@example.org" }), json!({ "phone": "+64211234568" })] {
        assert_eq!(
            support.posts("/v1/staff/person-lookups", &nobody).await.problem(),
            (404, "not_found".to_owned())
        );
    }
    for wrong in [json!({}), json!({ "email": EMAIL, "phone": "+64211234567" })] {
        assert_eq!(support.posts("/v1/staff/person-lookups", &wrong).await.status, 422);
    }
    ada.sends(Method::DELETE, "/v1/account/phone", &[], None).await;
    let gone = support.posts("/v1/staff/person-lookups", &json!({ "phone": "+64211234567" })).await;
    assert_eq!(gone.status, 404, "a number that was taken back finds nobody");
}

#[tokio::test]
async fn nothing_is_begun_about_nobody() {
    let app = App::start().await;
    let desk = app.desk().await;
    let support = app.member(&desk.admins, "support").await;
    let pool = desk.partner(&app, crate::support::company("Harbour Pool")).await;
    let nobody = "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    for (by, path, mut body) in [
        (&support, "/v1/staff/support-cases", json!({ "category": "other" })),
        (&support, "/v1/staff/kyc-cases", json!({ "ground": "activity", "private_reason": "x" })),
        (&support, "/v1/staff/person-lookups", json!({})),
        (
            &desk.processor,
            "/v1/staff/disclosures",
            json!({ "recipient_id": pool.recipient_id, "fields": ["email"] }),
        ),
    ] {
        body["account_id"] = json!(nobody);
        assert_eq!(by.posts(path, &body).await.problem(), (404, "not_found".to_owned()), "{path}");
    }
    let absent_is_not_null = json!({ "account_id": nobody, "email": null });
    let refused = support.posts("/v1/staff/person-lookups", &absent_is_not_null).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/email", "{}", refused.text);
    assert_eq!(refused.json()["errors"][0]["code"], "wrong_type");
}

#[tokio::test]
async fn a_case_is_opened_answered_and_closed_and_its_timer_runs() {
    let app = App::start().await;
    let (ada, case) = person_with_case(&app).await;
    let eve = app.person("eve@example.org").await;
    let admins = app.admins().await;
    let support = app.member(&admins, "support").await;
    let path = format!("/v1/support-cases/{case}");
    let opened = ada.gets(&path).await.json();
    assert_eq!(opened["support_case"]["state"], "open");
    assert!(opened["support_case"]["answer_due_at"].is_string());
    assert_eq!(eve.gets(&path).await.problem(), (404, "not_found".to_owned()));
    let sly =
        eve.sends(Method::POST, &format!("{path}/messages"), &[], Some(&json!({ "message": "x" }))).await;
    assert_eq!(sly.problem(), (404, "not_found".to_owned()));

    let queue = support.gets("/v1/staff/support-cases").await.json();
    assert_eq!(queue["data"][0]["support_case_id"], case);
    let seen = support.gets(&format!("/v1/staff/support-cases/{case}")).await;
    assert!(
        seen.text.contains("withdrawal") && !seen.text.contains("Lovelace") && !seen.text.contains(EMAIL)
    );
    let answer = json!({ "message": "The bank was closed.\nIt is under way." });
    let sent = support.posts(&format!("/v1/staff/support-cases/{case}/messages"), &answer).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    app.mail_saying(EMAIL, "The support has answered you").await;
    let answered = ada.gets(&path).await.json();
    assert_eq!(
        (&answered["support_case"]["state"], &answered["support_case"]["answer_due_at"]),
        (&json!("answered"), &json!(null))
    );
    assert_eq!(answered["messages"][1]["author"], "support");
    assert!(!answered.to_string().contains(&support.staff_id));
    assert_eq!(support.gets("/v1/staff/support-cases").await.json()["data"], json!([]));

    let more = json!({ "message": "Thank you." });
    assert_eq!(ada.sends(Method::POST, &format!("{path}/messages"), &[], Some(&more)).await.status, 201);
    assert_eq!(ada.gets(&path).await.json()["support_case"]["state"], "open", "the support's turn again");
    for wrong in [json!({ "message": "  " }), json!({ "message": "x".repeat(4001) })] {
        assert_eq!(ada.sends(Method::POST, &format!("{path}/messages"), &[], Some(&wrong)).await.status, 422);
    }
    let closed = support.sends(Method::POST, &format!("/v1/staff/support-cases/{case}/closure"), None).await;
    assert_eq!((closed.status, &closed.json()["state"]), (201, &json!("closed")));
    let late = ada.sends(Method::POST, &format!("{path}/messages"), &[], Some(&more)).await;
    assert_eq!(late.problem(), (409, "support_case_conflict".to_owned()));
    assert_eq!(ada.gets("/v1/support-cases").await.json()["data"][0]["state"], "closed");
}

#[tokio::test]
async fn lost_factors_go_once_two_have_approved_and_a_week_has_passed() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    ada.enrols_totp().await;
    let admins = app.admins().await;
    let (first, second) = (app.member(&admins, "support").await, {
        let second = admins[0].brings_in("other@staff.example.org").await;
        assert_eq!(admins[0].proposes(&second, "support").await.status, 201);
        second
    });
    let challenge = challenge_of(&ada.signs_in(EMAIL, PASSWORD).await);
    let path = format!("/v1/sign-in-challenges/{}/factor-reset", challenge["challenge_id"].as_str().unwrap());
    let asked = app.post(&path, &json!({ "challenge_token": challenge["challenge_token"] })).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let id = asked.json()["factor_reset_id"].as_str().unwrap().to_owned();
    let approve = format!("/v1/staff/factor-resets/{id}/approval");
    let approved = first.sends(Method::POST, &approve, None).await;
    assert_eq!((approved.status, &approved.json()["executes_at"]), (201, &json!(null)), "{}", approved.text);
    assert_eq!(
        first.sends(Method::POST, &approve, None).await.problem(),
        (403, "second_person_required".to_owned())
    );
    let agreed = second.sends(Method::POST, &approve, None).await;
    assert!(agreed.json()["executes_at"].is_string(), "{}", agreed.text);
    assert_eq!(
        second.sends(Method::POST, &approve, None).await.problem(),
        (409, "staff_state_conflict".to_owned())
    );
    app.advance(TimeDelta::days(7));
    let cookie = ada.cookie.clone();
    drop((ada, admins, first, second));
    let app = app.restart().await;
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
    let signed_in = || async {
        let answer = app.send(Method::POST, "/v1/sessions", &[("cookie", &cookie)], Some(&sign_in)).await;
        (answer.status == 201 && answer.json()["result"] == "signed_in").then_some(())
    };
    eventually("a sign-in without the lost factor", signed_in).await;
}

/// Who calls, and in which roles.
async fn principals(app: &App, admins: &[Member; 2]) -> Vec<(&'static str, Vec<StaffRole>, Member)> {
    let mut all = vec![("no role", Vec::new(), admins[0].brings_in("nobody@staff.example.org").await)];
    for role in StaffRole::ALL {
        let member = if role == StaffRole::Admin {
            admins[1].clone()
        } else {
            app.member(admins, role.as_str()).await
        };
        all.push((role.as_str(), vec![role], member));
    }
    all
}

fn body_of(id: &str, ada: &Person, case: &str) -> Option<Value> {
    Some(match id {
        "step_up_staff_session" => json!({ "code": "000000" }),
        "propose_staff_role" => json!({ "role": "support" }),
        "decide_staff_role_grant" => json!({ "decision": "approve" }),
        "allow_staff_reads" => json!({ "reads": 1 }),
        "invite_staff_member" | "find_person" => json!({ "email": EMAIL }),
        "read_personal_data" => read(ada, case, &json!(["real_name"])),
        "open_staff_support_case" => json!({ "account_id": ada.account_id, "category": "identity" }),
        "request_kyc" => json!({
            "account_id": ada.account_id, "ground": "full_verification", "private_reason": "x",
        }),
        "assign_kyc_case" => json!({ "staff_id": null }),
        "add_kyc_note" => json!({ "note": "x" }),
        "open_kyc_details" => json!({ "purpose": "identity_verification" }),
        "open_kyc_image" => json!({
            "document_id": "doc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "side": "front",
            "purpose": "identity_verification",
        }),
        "extend_kyc_case" => json!({ "days": 7, "private_reason": "x" }),
        "withdraw_kyc_case" => json!({ "private_reason": "x" }),
        "decide_kyc_case" => json!({ "outcome": "approved" }),
        "register_recipient" | "change_recipient" => json!({
            "recipient_class": "group_company", "name": "x", "country": "NZ", "agreement": "x", "contact": "x@y.example",
        }),
        "record_authority_access" => json!({
            "account_id": ada.account_id, "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "fields": ["email"], "accessed_at": "2026-02-01T00:00:00Z",
        }),
        "draft_transfer" => json!({
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "fields": ["email"], "notice_days": 30,
        }),
        "extend_rights_request" => json!({ "until": "2026-05-01T00:00:00Z", "reason": "complexity" }),
        "answer_rights_request" | "decide_correction" | "decide_identity" => json!({ "outcome": "granted" }),
        "open_rights_evidence" => json!({ "document_id": "doc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3" }),
        "approve_transfer" => json!({ "cohort_hash": "0".repeat(64) }),
        "register_advertisement" => json!({
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "label": "x",
        }),
        "draft_disclosure" => json!({
            "account_id": ada.account_id, "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "fields": ["email"],
        }),
        "change_disclosure" => json!({
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "fields": ["email"],
        }),
        "activate_recipient" => json!({ "version": 1 }),
        "silence_disclosure" => json!({ "kind": "gag", "until": "2026-06-01T00:00:00Z" }),
        "review_disclosure" => json!({ "verdict": "approved", "scope_hash": "0".repeat(64) }),
        "create_partner_client" => json!({ "name": "x", "scopes": ["reports.read"] }),
        "add_partner_credential" => json!({ "kind": "client_secret" }),
        "retire_partner_credential" => json!({ "overlap_hours": 0 }),
        "answer_support_case" => json!({ "message": "x" }),
        "publish_policy_version" => json!({ "content_hash": "0".repeat(64) }),
        "draft_policy_version" | "rewrite_policy_draft" => json!({
            "change_kind": "editorial", "summary": "x", "clauses": [], "purposes": [], "storage_places": [],
        }),
        _ => return None,
    })
}

fn is_refused(answer: &Answer, cell: &str) {
    assert_eq!(answer.problem(), (403, "role_required".to_owned()), "{cell}");
    assert_eq!(answer.json()["clause"], "5.2");
    assert!(!answer.text.contains("Lovelace") && !answer.text.contains("withdrawal"), "{cell}");
}

fn path_with(path: &str, case: &str) -> String {
    let unknown = "0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    path.replace("{version}", "2")
        .replace("{staff_id}", &format!("stf_{unknown}"))
        .replace("{role}", "support")
        .replace("{role_grant_id}", &format!("rgr_{unknown}"))
        .replace("{support_case_id}", case)
        .replace("{kyc_case_id}", &format!("kyc_{unknown}"))
        .replace("{recipient_id}", &format!("rcp_{unknown}"))
        .replace("{instrument_id}", &format!("itr_{unknown}"))
        .replace("{advertisement_id}", &format!("adv_{unknown}"))
        .replace("{rights_request_id}", &format!("rrq_{unknown}"))
        .replace("{transfer_id}", &format!("tra_{unknown}"))
        .replace("{obligation_id}", &format!("obl_{unknown}"))
        .replace("{disclosure_id}", &format!("dsc_{unknown}"))
        .replace("{kyc_flag_id}", &format!("flg_{unknown}"))
        .replace("{staff_read_id}", &format!("srd_{unknown}"))
        .replace("{factor_reset_id}", &format!("fcr_{unknown}"))
        .replace("{partner_client_id}", &format!("cli_{unknown}"))
        .replace("{partner_credential_id}", &format!("crd_{unknown}"))
}

#[tokio::test]
async fn every_staff_operation_refuses_every_other_role_and_the_log_has_it() {
    let app = App::start_with(&[("STAFF_READS_PER_HOUR", "1000")]).await;
    let (ada, case) = person_with_case(&app).await;
    let admins = app.admins().await;
    let mut principals = principals(&app, &admins).await;
    let refused = || app.database.number("SELECT count(*) AS n FROM log_public_details");
    let operations: Vec<_> =
        OPERATIONS.iter().filter(|operation| operation.audience == Audience::Staff).collect();
    let (mut cells, mut refusals) = (0, 0);
    for operation in &operations {
        let path = path_with(operation.path, &case);
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let body = body_of(operation.id, &ada, &case);
        for (name, roles, member) in &mut principals {
            if operation.id.contains("session") || operation.id == "close_staff_support_case" {
                member.signs_in().await;
            }
            let before = refused();
            let answer = member.sends(method.clone(), &path, body.as_ref()).await;
            let cell = format!("{} as {name}: {answer:?}", operation.id);
            let allowed =
                operation.roles.is_empty() || operation.roles.iter().any(|role| roles.contains(role));
            if allowed {
                let second = answer.text.contains("second_person_required");
                assert!(![401, 403].contains(&answer.status) || second, "{cell}");
            } else {
                is_refused(&answer, &cell);
                assert_eq!(refused(), before + 1, "the refusal is in the log: {cell}");
                refusals += 1;
            }
            if answer.text.contains("Lovelace") {
                assert_eq!((*name, operation.id), ("data_processor", "read_personal_data"), "{cell}");
            }
            cells += 1;
            if operation.id == "end_staff_session" {
                member.signs_in().await;
            }
        }
        for token in [None, Some(ada.access_token.clone())] {
            let bearer = token.map(|token| format!("Bearer {token}"));
            let headers: Vec<(&str, &str)> =
                bearer.iter().map(|value| ("authorization", value.as_str())).collect();
            let answer = app.send(method.clone(), &path, &headers, body.as_ref()).await;
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{}", operation.id);
            cells += 1;
        }
    }
    // Nor does a member's token open anything of persons.
    for operation in OPERATIONS.iter().filter(|operation| operation.audience == Audience::Person) {
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let answer = admins[1].sends(method, operation.path, None).await;
        assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{}", operation.id);
        cells += 1;
    }
    let persons = OPERATIONS.iter().filter(|operation| operation.audience == Audience::Person).count();
    let expected = operations.len() * (principals.len() + 2) + persons;
    let (rows, columns, skipped) = (operations.len(), principals.len() + 2, expected - cells);
    println!(
        "staff matrix: {rows} operations x {columns} principals and {persons} operations of persons = {cells} \
         cells, {refusals} refusals in the log, skipped = {skipped}"
    );
    assert_eq!(cells, expected);
}

#[tokio::test]
async fn a_refusal_is_in_the_log_after_a_kill() {
    let database = TestDatabase::fresh();
    let settings = settings(&database, &[]);
    let process = Process::serve(&settings);
    let service = Inner::of_process(database, settings.clone(), &process);
    let admins = service.admins().await;
    let counted = || service.database.number("SELECT count(*) AS n FROM log_public_details");
    let before = counted();
    let body = json!({ "email": EMAIL });
    let answer = admins[0].posts("/v1/staff/person-lookups", &body).await;
    assert_eq!(answer.problem(), (403, "role_required".to_owned()));
    process.kill();
    assert_eq!(counted(), before + 1);
    let process = Process::serve(&settings);
    let unplaced = || async {
        let waiting = service.database.number("SELECT count(*) AS n FROM log_pending");
        (waiting == 0).then_some(())
    };
    eventually("every leaf has its place", unplaced).await;
    let keys = Process::run(&settings, &["log", "keys"]);
    let key = String::from_utf8(keys.stdout).unwrap();
    let verified = Process::run(&settings, &["log", "verify", "--public-key", key.trim()]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    process.kill();
}
