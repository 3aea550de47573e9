// Looks at the policy's page in headless Chromium: narrow and wide, light and dark, by keyboard only.
// Usage: node check.mjs URL CHROMIUM [FOLDER FOR PICTURES]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";

const [url, executablePath, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const failures = [];
const expect = (holds, what) => { if (!holds) failures.push(what); };

for (const width of [360, 1280]) {
  for (const scheme of ["light", "dark"]) {
    for (const path of ["/policy", "/policy?version=2&since=1"]) {
      const name = `${width} px, ${scheme}, ${path}`;
      const page = await browser.newPage();
      const outside = [];
      page.on("request", (request) => { if (!request.url().startsWith(url)) outside.push(request.url()); });
      page.on("console", (message) => { if (message.type() === "error") failures.push(`${name}: ${message.text()}`); });
      await page.setBypassCSP(true); // for axe alone: the page itself brings no script
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.goto(url + path, { waitUntil: "networkidle0" });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow <= 0, `${name}: ${overflow} px wider than the window`);
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
      for (const { id, nodes } of violations) failures.push(`${name}: axe ${id} at ${nodes.map((n) => n.target).join(", ")}`);
      expect(outside.length === 0, `${name}: asks for ${outside}`);
      console.log(`${name}: axe ${passes.length} rules passed, ${violations.length} violations`);
      if (pictures) await page.screenshot({ path: `${pictures}/${width}-${scheme}-${path.includes("?") ? "diff" : "plain"}.png` });
      await page.close();
    }
  }
}

// By keyboard only: past the contents to the policy, then to an earlier version and what changed.
const page = await browser.newPage();
await page.goto(`${url}/policy`);
const focused = () => page.evaluate(() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  return { what: at.id || at.textContent.trim(), outline: style.outlineStyle };
});
await page.keyboard.press("Tab");
expect((await focused()).what === "Skip to the policy", "the first stop is the way past the contents");
await page.keyboard.press("Enter");
expect((await focused()).what === "policy", "the way past the contents leads to the policy");
await page.goto(`${url}/policy`);
const press = async (key, times = 1) => { for (let n = 0; n < times; n += 1) await page.keyboard.press(key); };
await press("Tab", 2);
expect((await focused()).what === "version", "the second stop is the version");
expect((await focused()).outline === "solid", "where the focus is can be seen");
await press("Tab");
await page.keyboard.type("version 1");
await press("Tab");
expect((await focused()).what === "Show", "the fourth stop is the button");
await Promise.all([page.waitForNavigation(), press("Enter")]);
expect(page.url().endsWith("/policy?version=2&since=1"), `the keyboard leads to ${page.url()}`);
expect(await page.$("#changes"), "what changed is shown");
const stops = await page.evaluate(() => document.querySelectorAll("a, button, select").length);
const seen = new Set();
for (let n = 0; n < stops; n += 1) { await press("Tab"); seen.add((await focused()).what); }
expect(seen.size >= stops - 2, `${seen.size} of ${stops} stops are reached by Tab`);
console.log(`by keyboard: ${seen.size} of ${stops} stops reached`);

// Printed, nothing is shown that only serves a screen.
await page.emulateMediaType("print");
const shown = await page.evaluate(() => [".switch", ".contents", ".skip"].filter((name) => getComputedStyle(document.querySelector(name)).display !== "none"));
expect(shown.length === 0, `printed with ${shown}`);
await browser.close();
for (const failure of failures) console.error(failure);
process.exit(failures.length === 0 ? 0 : 1);
