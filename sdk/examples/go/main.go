// A person signs in and consents, and a partner pulls, with the generated Go packages.
//
//	SMART_MINING_URL=http://127.0.0.1:8080 SMART_MINING_OUTBOX=data/outbox \
//	SMART_MINING_INVITATIONS="TOKEN TOKEN" go run .
//
// The invitations are those of the two first admins (`smart-mining staff bootstrap`); mails are read from the development
// outbox. Each step prints a line; what does not hold ends it.
package main

import (
	"context"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"smart-mining.dev/sdk/partner"
	"smart-mining.dev/sdk/person"
	"smart-mining.dev/sdk/staff"
)

const (
	password = "seven violins at dawn"
	email    = "ada@example.org"
)

var (
	url   = os.Getenv("SMART_MINING_URL")
	steps = 0
	seen  = map[string]bool{}
)

func step(what string) {
	steps++
	fmt.Printf("%2d %s\n", steps, what)
}

// must ends the journey on an error, with the problem that the service answered.
func must[T any](value T, answer any, err error) T {
	if err != nil {
		if refused, ok := err.(interface{ Body() []byte }); ok {
			log.Fatalf("%v: %s", err, refused.Body())
		}
		log.Fatal(err)
	}
	return value
}

// mailed waits for a message of the development outbox; what was found once is not found again.
func mailed(address, pattern string) string {
	expression := regexp.MustCompile(pattern)
	for tries := 0; tries < 300; tries++ {
		// What is being written has a name that begins with a dot.
		files, _ := filepath.Glob(filepath.Join(os.Getenv("SMART_MINING_OUTBOX"), "[^.]*"))
		for _, file := range files {
			bytes, _ := os.ReadFile(file)
			text := strings.NewReplacer("=\r\n", "", "\r\n", "\n", "=3D", "=").Replace(string(bytes))
			found := expression.FindStringSubmatch(text)
			if !seen[file] && strings.Contains(text, "To: "+address+"\n") && found != nil {
				seen[file] = true
				return found[1]
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	log.Fatalf("no message to %s says %s", address, pattern)
	return ""
}

// totp is RFC 6238 with SHA-1 and six digits, as authenticator apps do it.
func totp(secret string, step int64) string {
	key := must2(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(secret, "=")))
	hash := hmac.New(sha1.New, key)
	_ = binary.Write(hash, binary.BigEndian, step)
	digest := hash.Sum(nil)
	at := digest[len(digest)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(digest[at:at+4])&0x7fffffff)%1_000_000)
}

func must2[T any](value T, err error) T {
	return must(value, nil, err)
}

// signedIn is a context with an access token, if there is one.
func signedIn(key any, token string) context.Context {
	if token == "" {
		return context.Background()
	}
	return context.WithValue(context.Background(), key, token)
}

func asPerson(token string) (*person.APIClient, context.Context) {
	configuration := person.NewConfiguration()
	configuration.Servers = person.ServerConfigurations{{URL: url}}
	return person.NewAPIClient(configuration), signedIn(person.ContextAccessToken, token)
}

func asStaff(token string) (*staff.APIClient, context.Context) {
	configuration := staff.NewConfiguration()
	configuration.Servers = staff.ServerConfigurations{{URL: url}}
	return staff.NewAPIClient(configuration), signedIn(staff.ContextAccessToken, token)
}

func asPartner(token string) (*partner.APIClient, context.Context) {
	configuration := partner.NewConfiguration()
	configuration.Servers = partner.ServerConfigurations{{URL: url}}
	return partner.NewAPIClient(configuration), signedIn(partner.ContextAccessToken, token)
}

type member struct {
	id      string
	client  *staff.APIClient
	context context.Context
}

// joins takes an invitation up and signs in.
func joins(invitation string) member {
	client, nobody := asStaff("")
	proposed := must(client.StaffMembersAPI.AcceptStaffInvitation(nobody).AcceptStaffInvitation(
		*staff.NewAcceptStaffInvitation(invitation, password, "Grace Hopper")).Execute())
	now := time.Now().Unix() / 30
	joined := must(client.StaffMembersAPI.ConfirmStaffInvitation(nobody).ConfirmStaffInvitation(
		*staff.NewConfirmStaffInvitation(totp(proposed.Secret, now), invitation)).Execute())
	session := must(client.StaffSessionsAPI.CreateStaffSession(nobody).CreateStaffSession(
		*staff.NewCreateStaffSession(totp(proposed.Secret, now+1), joined.Email, password)).Execute())
	client, trusted := asStaff(session.AccessToken)
	return member{joined.StaffId, client, trusted}
}

// bringsIn invites a member; the heavier roles take a second admin.
func (by member) bringsIn(role staff.StaffRole, second member) member {
	address := string(role) + "@staff.example.org"
	must(by.client.StaffMembersAPI.InviteStaffMember(by.context).InviteStaffMember(
		*staff.NewInviteStaffMember(address)).Execute())
	invited := joins(mailed(address, `\b([\w-]{71})\b`))
	grant := must(by.client.StaffMembersAPI.ProposeStaffRole(by.context, invited.id).ProposeRole(
		*staff.NewProposeRole(role)).Execute())
	if grant.State == staff.GRANTSTATE_PROPOSED {
		must(second.client.StaffMembersAPI.DecideStaffRoleGrant(second.context, grant.RoleGrantId).DecideRoleGrant(
			*staff.NewDecideRoleGrant(staff.GRANTDECISION_APPROVE)).Execute())
	}
	return invited
}

func opensAnAccount() (*person.APIClient, context.Context, string) {
	client, nobody := asPerson("")
	policy := must(client.PolicyAPI.GetCurrentPolicyVersion(nobody).Execute())
	registration := must(client.AccountsAPI.RegisterAccount(nobody).RegisterAccount(
		*person.NewRegisterAccount(email, password, policy.ContentHash, policy.Version, "Ada Lovelace")).Execute())
	must(client.AccountsAPI.VerifyAccount(nobody).VerifyAccount(*person.NewVerifyAccount(
		mailed(email, `Your code is (\d{8})`), registration.RegistrationId)).Execute())
	step("an account is open")
	signIn := must(client.SessionsAPI.CreateSession(nobody).CreateSession(
		*person.NewCreateSession(email, password)).Execute())
	if signIn.SignedIn == nil {
		log.Fatal("a second factor is asked for, and there is none")
	}
	step("signed in: the answer is the branch of the union that it says")
	client, ada := asPerson(signIn.SignedIn.Session.AccessToken)
	return client, ada, signIn.SignedIn.Session.AccountId
}

func consents(client *person.APIClient, ada context.Context) {
	catalogue := must(client.PolicyAPI.ListPurposes(ada).Execute())
	for _, shown := range catalogue.Purposes {
		if shown.Purpose == person.PURPOSE_ANALYTICS {
			choice := person.NewSetConsent(true)
			choice.SetDefinitionHash(shown.DefinitionHash)
			must(client.ConsentAPI.SetConsent(ada, shown.Purpose).SetConsent(*choice).Execute())
		}
	}
	standing := must(client.ConsentAPI.ListConsents(ada).Execute())
	for _, consent := range standing.Consents {
		if consent.Definition.Purpose == person.PURPOSE_ANALYTICS && !consent.CountsForNew {
			log.Fatal("the consent does not stand")
		}
	}
	step("analytics allowed, in the words that were shown")
}

func main() {
	log.SetFlags(0)
	invitations := strings.Fields(os.Getenv("SMART_MINING_INVITATIONS"))
	first, second := joins(invitations[0]), joins(invitations[1])
	processor := first.bringsIn(staff.STAFFROLE_DATA_PROCESSOR, second)
	legal := first.bringsIn(staff.STAFFROLE_LEGAL, second)
	step("two admins, a data processor and the legal team")
	client, ada, account := opensAnAccount()
	consents(client, ada)

	receiving := staff.NewCreatePartnerClient("Harbour Pool, receiving",
		[]staff.Scope{staff.SCOPE_DISCLOSURES_READ, staff.SCOPE_DISCLOSURES_PULL})
	partnerClient := must(
		first.client.PartnerClientsAPI.CreatePartnerClient(first.context).CreatePartnerClient(*receiving).Execute())
	credential := must(first.client.PartnerClientsAPI.AddPartnerCredential(first.context, partnerClient.PartnerClientId).
		AddPartnerCredential(*staff.NewAddPartnerCredential(staff.CREDENTIALKIND_CLIENT_SECRET)).Execute())
	entry := staff.NewWriteRecipient("Agreement of 1 March 2026", "privacy@pool.example", "NZ", "Harbour Pool",
		staff.RECIPIENTCLASS_GROUP_COMPANY)
	entry.SetPackageKey(ageRecipient())
	entry.SetPartnerClientId(partnerClient.PartnerClientId)
	recipient := must(legal.client.RecipientsAPI.RegisterRecipient(legal.context).WriteRecipient(*entry).Execute())
	must(first.client.RecipientsAPI.ActivateRecipient(first.context, recipient.RecipientId).ActivateRecipient(
		*staff.NewActivateRecipient(recipient.Version)).Execute())
	step("a recipient, entered by one and activated by another")

	drafts := processor.client.StaffDisclosuresAPI
	drafted := must(drafts.DraftDisclosure(processor.context).DraftDisclosure(*staff.NewDraftDisclosure(account,
		[]staff.DisclosureField{staff.DISCLOSUREFIELD_REAL_NAME, staff.DISCLOSUREFIELD_EMAIL}, recipient.RecipientId)).
		Execute()).Disclosure
	must(drafts.SubmitDisclosure(processor.context, drafted.DisclosureId).Execute())
	must(legal.client.StaffDisclosuresAPI.ReviewDisclosure(legal.context, drafted.DisclosureId).ReviewDisclosure(
		*staff.NewReviewDisclosure(drafted.ScopeHash, staff.REVIEWVERDICT_APPROVED)).Execute())
	must(drafts.ReleaseDisclosure(processor.context, drafted.DisclosureId).Execute())
	step("a disclosure is reviewed by the legal team, and released")

	pool, nobody := asPartner("")
	token := must(pool.PartnerAPI.CreateAccessToken(nobody).GrantType("client_credentials").
		ClientId(partnerClient.PartnerClientId).ClientSecret(credential.GetClientSecret()).Execute())
	pool, trusted := asPartner(token.AccessToken)
	waiting := must(pool.PartnerAPI.ListPartnerDisclosures(trusted).Execute())
	pulled := must(pool.PartnerAPI.PullDisclosure(trusted, waiting.Data[0].DisclosureId).Execute())
	if pulled.DisclosureId != drafted.DisclosureId || pulled.PullNumber != 1 {
		log.Fatal("another disclosure was pulled")
	}
	step("the partner pulls it")
	fmt.Printf("passed, %d steps\n", steps)
}

// ageRecipient is a fresh X25519 key in the form of age (Bech32 of its public half).
func ageRecipient() string {
	key := must2(ecdh.X25519().GenerateKey(rand.Reader))
	return bech32("age", key.PublicKey().Bytes())
}

// bech32 is BIP 173.
func bech32(prefix string, data []byte) string {
	const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	var groups []byte
	bits, held := uint(0), uint(0)
	for _, octet := range data {
		held, bits = held<<8|uint(octet), bits+8
		for bits >= 5 {
			bits -= 5
			groups = append(groups, byte(held>>bits&31))
		}
	}
	if bits > 0 {
		groups = append(groups, byte(held<<(5-bits)&31))
	}
	var values []byte
	for _, letter := range []byte(prefix) {
		values = append(values, letter>>5)
	}
	values = append(values, 0)
	for _, letter := range []byte(prefix) {
		values = append(values, letter&31)
	}
	values = append(append(values, groups...), 0, 0, 0, 0, 0, 0)
	check := uint32(1)
	for _, value := range values {
		top := check >> 25
		check = (check&0x1ffffff)<<5 ^ uint32(value)
		for n, generator := range []uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>n&1 == 1 {
				check ^= generator
			}
		}
	}
	text := prefix + "1"
	for _, group := range groups {
		text += string(letters[group])
	}
	for n := 0; n < 6; n++ {
		text += string(letters[(check^1)>>(5*(5-n))&31])
	}
	return text
}
