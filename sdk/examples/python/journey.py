"""The whole story with the generated Python packages: an account, a verification, a disclosure, rights.

    SMART_MINING_URL=http://127.0.0.1:8080 SMART_MINING_OUTBOX=data/outbox \\
    SMART_MINING_INVITATIONS="TOKEN TOKEN" python journey.py

The invitations are those of the two first admins (`smart-mining staff bootstrap`); mails and SMS are read from the
development outbox. Each step prints a line; what does not hold ends it.
"""
import base64
import datetime
import io
import json
import pathlib
import os
import time
import zipfile

import jwt
import pyrage
import smart_mining_partner as partner
import smart_mining_person as person
import smart_mining_staff as staff

from devices import Authenticator, Mailbox, bill, picture

URL = os.environ["SMART_MINING_URL"]
PASSWORD = "seven violins at dawn"
EMAIL, PHONE = "ada@example.org", "+64211234567"
mailbox = Mailbox(pathlib.Path(os.environ["SMART_MINING_OUTBOX"]))
steps = 0


def step(what):
    global steps
    steps += 1
    print(f"{steps:2} {what}", flush=True)


def api(package, token=None):
    """A client of one of the packages, with an access token or without."""
    return package.ApiClient(package.Configuration(host=URL, access_token=token))


def eventually(look, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        time.sleep(0.5)
    raise SystemExit("waited in vain")


def refusal(error):
    """What a call was refused for: problems have a stable code."""
    return json.loads(error.body)["code"]


class Member:
    """A member of staff, from the invitation to a session."""

    def __init__(self, invitation):
        members = staff.StaffMembersApi(api(staff))
        proposed = members.accept_staff_invitation(staff.AcceptStaffInvitation(
            invitation_token=invitation, real_name="Grace Hopper", password=PASSWORD))
        codes = Authenticator(proposed.secret)
        joined = members.confirm_staff_invitation(staff.ConfirmStaffInvitation(
            invitation_token=invitation, code=codes.next()))
        session = staff.StaffSessionsApi(api(staff)).create_staff_session(staff.CreateStaffSession(
            email=joined.email, password=PASSWORD, code=codes.next()))
        self.id, self.client = joined.staff_id, api(staff, session.access_token)

    def brings_in(self, email, role, second):
        """Invites a member; the heavier roles take a second admin."""
        staff.StaffMembersApi(self.client).invite_staff_member(staff.InviteStaffMember(email=email))
        member = Member(mailbox.find(email, r"\b([\w-]{71})\b"))
        grant = staff.StaffMembersApi(self.client).propose_staff_role(member.id, staff.ProposeRole(role=role))
        if grant.state == "proposed":
            staff.StaffMembersApi(second.client).decide_staff_role_grant(
                grant.role_grant_id, staff.DecideRoleGrant(decision="approve"))
        return member


def opens_an_account():
    policy = person.PolicyApi(api(person)).get_current_policy_version()
    accounts = person.AccountsApi(api(person))
    registration = accounts.register_account(person.RegisterAccount(
        email=EMAIL, real_name="Ada Lovelace", password=PASSWORD, policy_version=policy.version,
        policy_content_hash=policy.content_hash, consents=[person.ConsentChoice(purpose="analytics", granted=False)]))
    step("registered; the answer would be the same for an address that has an account")
    opened = accounts.verify_account(person.VerifyAccount(
        registration_id=registration.registration_id, code=mailbox.find(EMAIL, r"Your code is (\d{8})")))
    ada = api(person, opened.session.access_token)
    step("the code of the mail opens the account and signs in")
    accepted = person.ConsentApi(ada).list_policy_acceptances()
    assert accepted.data[0].policy_version == policy.version, accepted
    step(f"version {policy.version} of the policy is accepted, and on record")
    return ada, opened.session.account_id


def consents(ada):
    consent = person.ConsentApi(ada)
    purposes = person.PolicyApi(api(person)).list_purposes().purposes
    shown = next(each for each in purposes if each.purpose == "analytics")
    decided = consent.set_consent("analytics", person.SetConsent(granted=True, definition_hash=shown.definition_hash))
    receipt = consent.get_consent_receipt(decided.consent_event_id)
    assert jwt.decode(receipt.receipt, options={"verify_signature": False})
    step("analytics allowed, in the words that were shown; the receipt is signed")
    changed = person.SecurityApi(ada).request_phone_change(person.RequestPhoneChange(phone=PHONE))
    person.SecurityApi(ada).confirm_phone_change(changed.phone_change_id, person.ConfirmCode(
        code=mailbox.find(PHONE, r"code is (\d{8})")))
    step("the phone answers")


def is_verified(ada, account, support, processor):
    cases = staff.StaffVerificationApi(support.client)
    case = cases.request_kyc(staff.RequestKyc(account_id=account, ground="activity", private_reason="A journey."))
    verification = person.VerificationApi(ada)
    assert verification.get_kyc().clause == "1.8"
    step("a verification is asked for; the person sees the clause and the day, not the reason")
    verification.set_kyc_details(person.SetKycDetails(birth_date=datetime.date(1990, 12, 10), residence=person.SetResidence(
        line="12 Queen Street", postal_code="1010", city="Auckland", country="NZ")))
    card = {"issuer_class": "state", "country": "NZ", "name": "LOVELACE ADA", "expires_on": datetime.date(2099, 12, 31)}
    passport = verification.upload_kyc_document(
        kind="passport", number="LH123456", front=("passport.png", picture("passport")), **card)
    verification.upload_kyc_document(
        kind="drivers_licence", number="DL999888", front=("front.png", picture("front")),
        back=("back.png", picture("back")), **card)
    verification.upload_kyc_document(
        kind="address_proof", issuer_class="utility", country="NZ", name="Ms Ada Lovelace",
        address="12 Queen St, Auckland 1010", issued_on=datetime.date.today() - datetime.timedelta(days=14),
        front=("bill.pdf", bill()))
    verification.submit_kyc()
    step("details, a passport, a licence and a bill are handed in")
    reviews = staff.StaffVerificationApi(processor.client)
    reviews.assign_kyc_case(case.kyc_case_id, staff.AssignKycCase(staff_id=processor.id))
    purpose = "identity_verification"
    reviews.open_kyc_details(case.kyc_case_id, staff.OpenKycDetails(purpose=purpose))
    opened = reviews.open_kyc_image(case.kyc_case_id, staff.OpenKycImage(
        document_id=passport.document_id, side="front", purpose=purpose))
    assert bytes(reviews.get_opened_kyc_image(opened.staff_read_id)).startswith(b"\xff\xd8"), "a JPEG"
    decision = reviews.decide_kyc_case(case.kyc_case_id, staff.DecideKycCase(outcome="approved"))
    assert decision.step == "final" and verification.get_kyc().state == "approved"
    step("a data processor opens what the case needs, and approves")
    log = person.AccessLogApi(ada).list_access_log()
    assert "document_front" in log.data[0].fields, log
    step("the person sees who opened what")


def registers_a_recipient(admin, legal, identity):
    clients = staff.PartnerClientsApi(admin.client)
    client = clients.create_partner_client(staff.CreatePartnerClient(
        name="Harbour Pool, receiving", scopes=["disclosures.read", "disclosures.pull"], requests_per_minute=600))
    credential = clients.add_partner_credential(
        client.partner_client_id, staff.AddPartnerCredential(kind="client_secret"))
    recipients = staff.RecipientsApi(legal.client)
    entry = recipients.register_recipient(staff.WriteRecipient(
        recipient_class="group_company", name="Harbour Pool", country="NZ", agreement="Agreement of 1 March 2026",
        contact="privacy@pool.example", package_key=str(identity.to_public()),
        partner_client_id=client.partner_client_id))
    staff.RecipientsApi(admin.client).activate_recipient(
        entry.recipient_id, staff.ActivateRecipient(version=entry.version))
    step("a recipient, entered by one and activated by another, with its client and its key")
    return entry.recipient_id, client.partner_client_id, credential.client_secret


def discloses(ada, account, recipient, processor, legal):
    drafts = staff.StaffDisclosuresApi(processor.client)
    drafted = drafts.draft_disclosure(staff.DraftDisclosure(
        account_id=account, recipient_id=recipient, fields=["real_name", "email", "residence"])).disclosure
    drafts.submit_disclosure(drafted.disclosure_id)
    staff.StaffDisclosuresApi(legal.client).review_disclosure(drafted.disclosure_id, staff.ReviewDisclosure(
        verdict="approved", scope_hash=drafted.scope_hash))
    step("a disclosure is drafted, and reviewed by the legal team")
    try:
        drafts.release_disclosure(drafted.disclosure_id)
        raise SystemExit("released without consent")
    except staff.ApiException as error:
        step(f"without the person's consent nothing goes: {error.status} {refusal(error)}")
    asked = person.DisclosuresApi(ada).list_consent_requests().data[0]
    person.DisclosuresApi(ada).answer_consent_request(
        asked.consent_request_id, person.AnswerConsentRequest(granted=True))
    drafts.release_disclosure(drafted.disclosure_id)
    step("the person agrees, and it is released")
    return drafted.disclosure_id


def pulls(disclosure, recipient, client, secret, identity):
    token = partner.PartnerApi(api(partner)).create_access_token(
        grant_type="client_credentials", client_id=client, client_secret=secret)
    calls = partner.PartnerApi(api(partner, token.access_token))
    assert calls.list_partner_disclosures().data[0].disclosure_id == disclosure
    package = calls.pull_disclosure(disclosure)
    sealed = base64.b64decode(package.package)
    signed = pyrage.decrypt(sealed, [identity]).decode()
    keys = partner.KeysApi(api(partner)).list_signing_keys().keys
    kid = jwt.get_unverified_header(signed)["kid"]
    key = jwt.PyJWK(next(key for key in keys if key.kid == kid).to_dict())
    fields = jwt.decode(signed, key, algorithms=["EdDSA"], audience=recipient)["fields"]
    assert fields["real_name"] == "Ada Lovelace" and fields["residence"]["city"] == "Auckland", fields
    calls.acknowledge_disclosure(disclosure)
    step("the partner pulls it; the package opens with its key and verifies with the published one")


def files(ada, kind, **more):
    """Files a request with the preview that was shown, after a step-up."""
    rights = person.RightsRequestsApi(ada)
    sessions = person.SessionsApi(ada)
    sessions.send_step_up_code(person.SendStepUpCode(method="sms"))
    sessions.step_up_session(person.StepUpSession(method="sms", code=mailbox.find(PHONE, r"code is (\d{8})")))
    shown = rights.preview_rights_request(person.PreviewRightsRequest(kind=kind))
    return rights.file_rights_request(person.FileRightsRequest(kind=kind, preview=shown.preview, **more))


def uses_rights(ada):
    filed = files(ada, "access")
    rights = person.RightsRequestsApi(ada)
    of = filed.request.rights_request_id
    eventually(lambda: rights.get_rights_request(of).state == "completed" or None)
    archive = zipfile.ZipFile(io.BytesIO(bytes(rights.get_rights_request_result(of))))
    assert "index.html" in archive.namelist(), archive.namelist()
    step(f"everything that is held comes as an archive of {len(archive.namelist())} files")
    filed = files(ada, "erasure", when="now")
    anybody = person.RightsRequestsApi(api(person))
    certificate = eventually(lambda: anybody.read_rights_request_result(
        person.ReadRightsResult(result_token=filed.result_token)).certificate)
    claims = jwt.decode(certificate.certificate, options={"verify_signature": False})
    kept = [entry["law"] for entry in claims["entries"] if entry["fate"] == "kept"]
    step(f"erased, with a certificate; kept is what a law wants: {'; '.join(kept)}")
    try:
        person.SessionsApi(api(person)).create_session(person.CreateSession(email=EMAIL, password=PASSWORD))
        raise SystemExit("an erased account signs in")
    except person.ApiException as error:
        step(f"nobody signs in any more: {error.status} {refusal(error)}")


def main():
    first, second = (Member(invitation) for invitation in os.environ["SMART_MINING_INVITATIONS"].split())
    support = first.brings_in("support@staff.example.org", "support", second)
    processor = first.brings_in("processor@staff.example.org", "data_processor", second)
    legal = first.brings_in("legal@staff.example.org", "legal", second)
    step("two admins, support, a data processor and the legal team")
    ada, account = opens_an_account()
    consents(ada)
    is_verified(ada, account, support, processor)
    identity = pyrage.x25519.Identity.generate()
    recipient, client, secret = registers_a_recipient(first, legal, identity)
    disclosure = discloses(ada, account, recipient, processor, legal)
    pulls(disclosure, recipient, client, secret, identity)
    assert person.DisclosuresApi(ada).list_disclosures().data[0].disclosure_id == disclosure
    step("and the person sees it in the log of disclosures")
    uses_rights(ada)
    print(f"passed, {steps} steps")


if __name__ == "__main__":
    main()
