// Walks the page of the link by which rights are used without signing in, in headless Chromium, by keyboard, narrow and
// wide. Usage: node links.mjs URL CHROMIUM OUTBOX [FOLDER FOR PICTURES]
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const [url, executablePath, outbox, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const failures = [];
const expect = (holds, what) => { if (!holds) failures.push(what); };

const post = async (path, body) => {
  const answer = await fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const mailed = async (email, pattern) => {
  for (let n = 0; n < 100; n += 1) {
    for (const file of readdirSync(outbox).filter((name) => name.endsWith(".eml"))) {
      const mail = readFileSync(join(outbox, file), "utf8").replaceAll("=\r\n", "").replaceAll("=3D", "=");
      const found = mail.includes(`To: ${email}`) && pattern.exec(mail);
      if (found) return found[1];
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no mail to ${email}`);
};

const policy = await (await fetch(`${url}/v1/policy-versions/current`)).json();
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const picture = join(tmpdir(), `passport-${process.pid}.png`);

for (const width of [360, 1280]) {
  const email = `ada${width}@example.org`;
  const { registration_id } = await post("/v1/accounts", {
    email, real_name: "Ada Lovelace", password: "seven violins at dawn", language: "en",
    policy_version: policy.version, policy_content_hash: policy.content_hash, consents: [],
  });
  await post("/v1/accounts/verification", { registration_id, code: await mailed(email, /Your code is (\d+)/) });
  await post("/v1/rights-request-links", { email });
  const token = await mailed(email, /#rights-request=([\w-]+)/);

  const page = await browser.newPage();
  const isOfBrowser = (message) => message.location().url?.endsWith("/favicon.ico");
  page.on("console", (message) => { if (message.type() === "error" && !isOfBrowser(message)) failures.push(`${width} px: ${message.text()}`); });
  await page.setBypassCSP(true); // for axe alone
  await page.setViewport({ width, height: 800 });
  await page.goto(`${url}/links#rights-request=${token}`, { waitUntil: "networkidle0" });
  const look = async (stage) => {
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow <= 0, `${width} px, ${stage}: ${overflow} px wider than the window`);
    await page.evaluate(axe);
    const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
    for (const { id, nodes } of violations) failures.push(`${width} px, ${stage}: axe ${id} at ${nodes.map((n) => n.target).join(", ")}`);
    console.log(`${width} px, ${stage}: axe ${passes.length} rules passed, ${violations.length} violations`);
    if (pictures) await page.screenshot({ path: `${pictures}/link-${width}-${stage}.png`, fullPage: true });
  };
  const text = (id) => page.$eval(`#${id}`, (at) => at.textContent);
  await look("choice");
  expect(await page.$eval("#act", (at) => at.disabled), `${width} px: nothing is chosen yet`);
  // By keyboard: to the choices, down to erasure, on to the button.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#preview:not([hidden])");
  expect((await text("consequences")).includes("My account ends"), `${width} px: what follows is shown`);
  expect((await text("consequences")).includes("section 50"), `${width} px: what a law keeps is shown`);
  await look("preview");
  await page.click("#act");
  await page.waitForSelector("#filed:not([hidden])");
  expect(/^[\w-]{71}$/.test(await text("token")), `${width} px: the token is shown`);
  await look("filed");
  const shot = await page.screenshot({ type: "png" });
  writeFileSync(picture, shot);
  await (await page.$("#file")).uploadFile(picture);
  await page.click("#send");
  await page.waitForFunction(() => document.getElementById("sent").textContent !== "");
  expect((await text("sent")) === "It has arrived.", `${width} px: ${await text("sent")}`);
  await page.close();
}

await browser.close();
for (const failure of failures) console.error(failure);
process.exit(failures.length === 0 ? 0 : 1);
