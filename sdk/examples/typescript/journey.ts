/**
 * The whole story with the generated TypeScript packages: an account, a verification, a disclosure, rights.
 *
 *     SMART_MINING_URL=http://127.0.0.1:8080 SMART_MINING_OUTBOX=data/outbox \
 *     SMART_MINING_INVITATIONS="TOKEN TOKEN" node journey.js
 *
 * The invitations are those of the two first admins (`smart-mining staff bootstrap`); mails and SMS are read from the
 * development outbox. Each step prints a line; what does not hold ends it.
 */
import assert from 'node:assert/strict';

import * as partner from '@smart-mining/partner';
import { createClient as partnerClient } from '@smart-mining/partner/client';
import * as person from '@smart-mining/person';
import { createClient as personClient } from '@smart-mining/person/client';
import * as staff from '@smart-mining/staff';
import { createClient as staffClient } from '@smart-mining/staff/client';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify, type JWK } from 'jose';

import { Authenticator, bill, eventually, Mailbox, picture } from './devices.js';

const baseUrl = process.env.SMART_MINING_URL!;
const [password, email, phone] = ['seven violins at dawn', 'ada@example.org', '+64211234567'];
const mailbox = new Mailbox(process.env.SMART_MINING_OUTBOX!);
const throwOnError = true as const;

let steps = 0;
const step = (what: string) => console.log(`${String(++steps).padStart(2)} ${what}`);

/** Clients of the three packages, with an access token or without. */
const asPerson = (auth?: string) => ({ client: personClient({ baseUrl, auth }), throwOnError });
const asPartner = (auth?: string) => ({ client: partnerClient({ baseUrl, auth }), throwOnError });
const asStaff = (auth?: string) => ({ client: staffClient({ baseUrl, auth }), throwOnError });
type Person = ReturnType<typeof asPerson>;

interface Member {
  id: string;
  as: ReturnType<typeof asStaff>;
}

/** A member of staff, from the invitation to a session. */
async function joins(invitation_token: string): Promise<Member> {
  const { data: proposed } = await staff.acceptStaffInvitation({
    ...asStaff(),
    body: { invitation_token, real_name: 'Grace Hopper', password },
  });
  const codes = new Authenticator(proposed.secret);
  const { data: joined } = await staff.confirmStaffInvitation({
    ...asStaff(),
    body: { invitation_token, code: codes.next() },
  });
  const { data: session } = await staff.createStaffSession({
    ...asStaff(),
    body: { email: joined.email, password, code: codes.next() },
  });
  return { id: joined.staff_id, as: asStaff(session.access_token) };
}

/** Invites a member; the heavier roles take a second admin. */
async function bringsIn(role: staff.StaffRole, by: Member, second: Member): Promise<Member> {
  const address = `${role}@staff.example.org`;
  await staff.inviteStaffMember({ ...by.as, body: { email: address } });
  const member = await joins(await mailbox.find(address, /\b([\w-]{71})\b/));
  const { data: grant } = await staff.proposeStaffRole({ ...by.as, path: { staff_id: member.id }, body: { role } });
  if (grant.state === 'proposed') {
    const path = { role_grant_id: grant.role_grant_id };
    await staff.decideStaffRoleGrant({ ...second.as, path, body: { decision: 'approve' } });
  }
  return member;
}

async function opensAnAccount(): Promise<[Person, string]> {
  const { data: policy } = await person.getCurrentPolicyVersion(asPerson());
  const { data: registration } = await person.registerAccount({
    ...asPerson(),
    body: {
      email,
      real_name: 'Ada Lovelace',
      password,
      policy_version: policy.version,
      policy_content_hash: policy.content_hash,
      consents: [{ purpose: 'analytics', granted: false }],
    },
  });
  step('registered; the answer would be the same for an address that has an account');
  const code = await mailbox.find(email, /Your code is (\d{8})/);
  const { data: opened } = await person.verifyAccount({
    ...asPerson(),
    body: { registration_id: registration.registration_id, code },
  });
  const ada = asPerson(opened.session.access_token);
  step('the code of the mail opens the account and signs in');
  const { data: accepted } = await person.listPolicyAcceptances(ada);
  assert.equal(accepted.data[0]!.policy_version, policy.version);
  step(`version ${policy.version} of the policy is accepted, and on record`);
  return [ada, opened.session.account_id];
}

async function consents(ada: Person) {
  const { data: catalogue } = await person.listPurposes(asPerson());
  const { definition_hash } = catalogue.purposes.find((each) => each.purpose === 'analytics')!;
  const { data: decided } = await person.setConsent({
    ...ada,
    path: { purpose: 'analytics' },
    body: { granted: true, definition_hash },
  });
  const path = { consent_event_id: decided.consent_event_id! };
  const { data: receipt } = await person.getConsentReceipt({ ...ada, path });
  assert.ok(decodeJwt(receipt.receipt));
  step('analytics allowed, in the words that were shown; the receipt is signed');
  const { data: asked } = await person.requestPhoneChange({ ...ada, body: { phone } });
  await person.confirmPhoneChange({
    ...ada,
    path: { phone_change_id: asked.phone_change_id },
    body: { code: await mailbox.find(phone, /code is (\d{8})/) },
  });
  step('the phone answers');
}

async function isVerified(ada: Person, account_id: string, support: Member, processor: Member) {
  const { data: asked } = await staff.requestKyc({
    ...support.as,
    body: { account_id, ground: 'activity', private_reason: 'A journey.' },
  });
  assert.equal((await person.getKyc(ada)).data.clause, '1.8');
  step('a verification is asked for; the person sees the clause and the day, not the reason');
  const residence = { line: '12 Queen Street', postal_code: '1010', city: 'Auckland', country: 'NZ' };
  await person.setKycDetails({ ...ada, body: { birth_date: '1990-12-10', residence } });
  const card = { issuer_class: 'state', country: 'NZ', name: 'LOVELACE ADA', expires_on: '2099-12-31' } as const;
  const { data: passport } = await person.uploadKycDocument({
    ...ada,
    body: { kind: 'passport', number: 'LH123456', front: picture(), ...card },
  });
  await person.uploadKycDocument({
    ...ada,
    body: { kind: 'drivers_licence', number: 'DL999888', front: picture(), back: picture(), ...card },
  });
  await person.uploadKycDocument({
    ...ada,
    body: {
      kind: 'address_proof',
      issuer_class: 'utility',
      country: 'NZ',
      name: 'Ms Ada Lovelace',
      address: '12 Queen St, Auckland 1010',
      issued_on: new Date(Date.now() - 14 * 86_400_000).toISOString().slice(0, 10),
      front: bill(),
    },
  });
  await person.submitKyc(ada);
  step('details, a passport, a licence and a bill are handed in');
  const path = { kyc_case_id: asked.kyc_case_id };
  await staff.assignKycCase({ ...processor.as, path, body: { staff_id: processor.id } });
  const purpose = 'identity_verification' as const;
  await staff.openKycDetails({ ...processor.as, path, body: { purpose } });
  const { data: read } = await staff.openKycImage({
    ...processor.as,
    path,
    body: { document_id: passport.document_id, side: 'front', purpose },
  });
  const { data: image } = await staff.getOpenedKycImage({
    ...processor.as,
    path: { staff_read_id: read.staff_read_id },
  });
  assert.equal((image as Blob).type, 'image/jpeg');
  const { data: decision } = await staff.decideKycCase({ ...processor.as, path, body: { outcome: 'approved' } });
  assert.equal(decision.step, 'final');
  assert.equal((await person.getKyc(ada)).data.state, 'approved');
  step('a data processor opens what the case needs, and approves');
  const { data: log } = await person.listAccessLog(ada);
  assert.ok(log.data[0]!.fields.includes('document_front'));
  step('the person sees who opened what');
}

async function registersARecipient(admin: Member, legal: Member, package_key: string) {
  const { data: client } = await staff.createPartnerClient({
    ...admin.as,
    body: {
      name: 'Harbour Pool, receiving',
      scopes: ['disclosures.read', 'disclosures.pull'],
      requests_per_minute: 600,
    },
  });
  const { data: credential } = await staff.addPartnerCredential({
    ...admin.as,
    path: { partner_client_id: client.partner_client_id },
    body: { kind: 'client_secret' },
  });
  const { data: entry } = await staff.registerRecipient({
    ...legal.as,
    body: {
      recipient_class: 'group_company',
      name: 'Harbour Pool',
      country: 'NZ',
      agreement: 'Agreement of 1 March 2026',
      contact: 'privacy@pool.example',
      package_key,
      partner_client_id: client.partner_client_id,
    },
  });
  const path = { recipient_id: entry.recipient_id };
  await staff.activateRecipient({ ...admin.as, path, body: { version: entry.version } });
  step('a recipient, entered by one and activated by another, with its client and its key');
  return {
    recipient_id: entry.recipient_id,
    client_id: client.partner_client_id,
    client_secret: credential.client_secret!,
  };
}

async function discloses(ada: Person, account_id: string, recipient_id: string, processor: Member, legal: Member) {
  const { data: drafted } = await staff.draftDisclosure({
    ...processor.as,
    body: { account_id, recipient_id, fields: ['real_name', 'email', 'residence'] },
  });
  const { disclosure_id, scope_hash } = drafted.disclosure;
  const path = { disclosure_id };
  await staff.submitDisclosure({ ...processor.as, path });
  await staff.reviewDisclosure({ ...legal.as, path, body: { verdict: 'approved', scope_hash } });
  step('a disclosure is drafted, and reviewed by the legal team');
  const refused = await staff.releaseDisclosure({ ...processor.as, path, throwOnError: false });
  assert.ok(refused.error, 'released without consent');
  step(`without the person's consent nothing goes: ${refused.response!.status} ${refused.error.code}`);
  const { data: requests } = await person.listConsentRequests(ada);
  const { consent_request_id } = requests.data[0]!;
  await person.answerConsentRequest({ ...ada, path: { consent_request_id }, body: { granted: true } });
  await staff.releaseDisclosure({ ...processor.as, path });
  step('the person agrees, and it is released');
  return disclosure_id;
}

async function pulls(
  disclosure_id: string,
  to: { recipient_id: string; client_id: string; client_secret: string },
  identity: string,
) {
  const { client_id, client_secret } = to;
  const { data: token } = await partner.createAccessToken({
    ...asPartner(),
    body: { grant_type: 'client_credentials', client_id, client_secret },
  });
  const pool = asPartner(token.access_token);
  const { data: waiting } = await partner.listPartnerDisclosures(pool);
  assert.equal(waiting.data[0]!.disclosure_id, disclosure_id);
  const { data: pulled } = await partner.pullDisclosure({ ...pool, path: { disclosure_id } });
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const signed = await decrypter.decrypt(Buffer.from(pulled.package, 'base64'), 'text');
  const { data: published } = await partner.listSigningKeys(asPartner());
  const key = published.keys.find((key) => key.kid === decodeProtectedHeader(signed).kid)!;
  const verified = await jwtVerify(signed, await importJWK(key as JWK, 'EdDSA'), { audience: to.recipient_id });
  const fields = verified.payload.fields as { real_name: string; residence: { city: string } };
  assert.deepEqual([fields.real_name, fields.residence.city], ['Ada Lovelace', 'Auckland']);
  await partner.acknowledgeDisclosure({ ...pool, path: { disclosure_id } });
  step('the partner pulls it; the package opens with its key and verifies with the published one');
}

/** Files a request with the preview that was shown, after a step-up. */
async function files(ada: Person, kind: person.RightKind, when?: person.ErasureTime) {
  const method = 'sms' as const;
  await person.sendStepUpCode({ ...ada, body: { method } });
  const code = await mailbox.find(phone, /code is (\d{8})/);
  await person.stepUpSession({ ...ada, body: { method, code } });
  const { data: shown } = await person.previewRightsRequest({ ...ada, body: { kind } });
  const { data: filed } = await person.fileRightsRequest({ ...ada, body: { kind, preview: shown.preview, when } });
  return filed;
}

async function usesRights(ada: Person) {
  const { request } = await files(ada, 'access');
  const path = { rights_request_id: request.rights_request_id };
  await eventually(async () => {
    const { data: now } = await person.getRightsRequest({ ...ada, path });
    return now.state === 'completed' ? now : null;
  });
  const { data: archive } = await person.getRightsRequestResult({ ...ada, path, parseAs: 'blob' });
  step(`everything that is held comes as an archive of ${(archive as Blob).size.toLocaleString('en')} bytes`);
  const { result_token } = await files(ada, 'erasure', 'now');
  const certificate = await eventually(async () => {
    const { data: result } = await person.readRightsRequestResult({ ...asPerson(), body: { result_token } });
    return result.certificate;
  });
  const entries = decodeJwt(certificate.certificate).entries as { fate: string; law: string }[];
  const kept = entries.filter((entry) => entry.fate === 'kept').map((entry) => entry.law);
  step(`erased, with a certificate; kept is what a law wants: ${kept.join('; ')}`);
  const refused = await person.createSession({ ...asPerson(), body: { email, password }, throwOnError: false });
  assert.ok(refused.error, 'an erased account signs in');
  step(`nobody signs in any more: ${refused.response!.status} ${refused.error.code}`);
}

const [one, other] = process.env.SMART_MINING_INVITATIONS!.split(' ');
const first = await joins(one!);
const second = await joins(other!);
const support = await bringsIn('support', first, second);
const processor = await bringsIn('data_processor', first, second);
const legal = await bringsIn('legal', first, second);
step('two admins, support, a data processor and the legal team');
const [ada, account] = await opensAnAccount();
await consents(ada);
await isVerified(ada, account, support, processor);
const identity = await generateIdentity();
const recipient = await registersARecipient(first, legal, await identityToRecipient(identity));
const disclosure = await discloses(ada, account, recipient.recipient_id, processor, legal);
await pulls(disclosure, recipient, identity);
const { data: log } = await person.listDisclosures(ada);
assert.equal(log.data[0]!.disclosure_id, disclosure);
step('and the person sees it in the log of disclosures');
await usesRights(ada);
console.log(`passed, ${steps} steps`);
