// Looks at the first page, the guides and the reference in headless Chromium: narrow and wide, light and dark.
// Usage: node guides.mjs URL CHROMIUM [FOLDER FOR PICTURES]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";

const [url, executablePath, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const failures = [];
const expect = (holds, what) => { if (!holds) failures.push(what); };

const front = await browser.newPage();
await front.goto(url, { waitUntil: "networkidle0" });
const links = await front.evaluate(() => [...document.querySelectorAll("a[href^='/']")].map((link) => link.getAttribute("href")));
await front.close();
// Of the pages of the reference, which are made alike, one with files, one without a call, and the largest.
const samples = ["/docs/", "/docs/rights-requests", "/docs/webhooks", "/docs/schemas"];
const paths = ["/", ...new Set(links.filter((path) => path.startsWith("/guides/"))), ...samples];

let rules = 0;
for (const width of [360, 1280]) {
  for (const scheme of ["light", "dark"]) {
    for (const path of paths) {
      const name = `${width} px, ${scheme}, ${path}`;
      const page = await browser.newPage();
      page.on("request", (request) => { if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(url)) failures.push(`${name}: asks for ${request.url()}`); });
      page.on("console", (message) => { if (message.type() === "error") failures.push(`${name}: ${message.text()}`); });
      await page.setBypassCSP(true); // for axe alone
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.goto(url + path, { waitUntil: "networkidle0", timeout: 60_000 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow <= 0, `${name}: ${overflow} px wider than the window`);
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
      for (const { id, nodes } of violations) failures.push(`${name}: axe ${id} at ${nodes.slice(0, 3).map((n) => n.target).join(", ")} (${nodes.length})`);
      rules += passes.length;
      if (pictures) await page.screenshot({ path: `${pictures}/${width}-${scheme}-${path.replaceAll("/", "_")}.png` });
      await page.close();
    }
  }
}

// Every link of the pages leads to something, also within the page that it leads to.
const asked = new Map();
const texts = new Map();
const textOf = async (path) => {
  if (!texts.has(path)) {
    const answer = await fetch(url + path);
    texts.set(path, answer.status === 200 ? await answer.text() : null);
  }
  return texts.get(path);
};
for (const path of paths) {
  const page = await browser.newPage();
  await page.goto(url + path);
  const targets = await page.evaluate(() => [...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")));
  for (const target of targets.filter((target) => target.startsWith("/"))) {
    const [place, id] = target.split("#");
    const text = await textOf(place);
    asked.set(target, text !== null && (!id || text.includes(`id="${id}"`)));
    expect(asked.get(target), `${path} leads to ${target}, which is not there`);
  }
  for (const target of targets.filter((target) => target.startsWith("#"))) {
    expect(await page.$(`[id="${target.slice(1)}"]`), `${path} leads to ${target}, which is not there`);
  }
  await page.close();
}
console.log(`${paths.length} pages, each in two widths and two schemes: ${rules} rules of axe passed; ${asked.size} links followed`);
await browser.close();
for (const failure of failures) console.error(failure);
process.exit(failures.length === 0 ? 0 : 1);
