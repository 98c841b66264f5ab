// node look.js CHROMIUM SERVER NOTEBOOK PICTURE: what a reader of the classic notebook sees after "Run all".
const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');

const [browserPath, server, notebook, picture] = process.argv.slice(2);
const CLAIMS = 'application/vnd.memoria.claims+json';
const CHART = { width: 720, height: 420 };
const START_MS = 180000;
const RUN_MS = 1200000;

const began = Date.now();
const tell = text => console.log(`  ${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`);

/** The server needs a second or two to answer. */
async function answering() {
  for (let tries = 0; tries < 120; tries++) {
    try {
      if ((await fetch(`${server}/api`)).ok) return;
    } catch {
      // not yet
    }
    await new Promise(done => setTimeout(done, 250));
  }
  throw new Error(`no answer from ${server}`);
}

/** Runs in the page, before anything else: keeps every state of every progress bar, for they are gone when one looks later. */
function watchProgress() {
  window.seenProgress = new Set();
  const note = () => document.querySelectorAll('.memoria-progress').forEach(bar => window.seenProgress.add(bar.textContent));
  new MutationObserver(note).observe(document, { childList: true, subtree: true, characterData: true });
}

/** Runs in the page: everything about the outputs that is asserted on. */
function outputs(mime) {
  const cells = Jupyter.notebook.get_cells().filter(cell => cell.cell_type === 'code' && cell.get_text().trim());
  const claims = cells.flatMap(cell => cell.output_area.outputs).map(output => output.data?.[mime]).filter(Boolean).at(-1);
  return {
    cells: cells.length,
    unfinished: cells.filter(cell => !/^\d+$/.test(String(cell.input_prompt_number))).length,
    errors: [...document.querySelectorAll('.output_error')].map(area => area.innerText.slice(0, 2000)),
    images: [...document.querySelectorAll('.output_area img')].map(image => ({
      complete: image.complete, width: image.naturalWidth, height: image.naturalHeight, shown: image.getBoundingClientRect().width,
      alt: image.alt,
    })),
    tables: [...document.querySelectorAll('.output_area table')].map(table =>
      [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))),
    claims: typeof claims === 'string' ? JSON.parse(claims) : claims,
    bars: [...document.querySelectorAll('.memoria-progress progress')].map(bar => ({ value: bar.value, shown: bar.getBoundingClientRect().width })),
    progress: [...window.seenProgress],
    formulas: document.querySelectorAll('.text_cell .MathJax, .text_cell .MathJax_SVG, .text_cell .MathJax_CHTML').length,
    markdownFormulas: Jupyter.notebook.get_cells().filter(cell => cell.cell_type === 'markdown' && cell.get_text().includes('$$')).length,
  };
}

function judge(seen) {
  assert.deepEqual(seen.errors, [], 'no cell may fail');
  assert.ok(seen.cells > 0 && seen.unfinished === 0, `${seen.unfinished} of ${seen.cells} cells did not run`);

  for (const image of seen.images) {
    assert.ok(image.complete && image.width > 0 && image.height > 0 && image.shown > 0, `a picture is broken: ${JSON.stringify(image)}`);
  }
  assert.ok(seen.images.length >= 2, `${seen.images.length} pictures; a notebook shows more`);
  const charts = seen.images.filter(image => image.width === CHART.width && image.height === CHART.height);
  assert.ok(charts.length >= 1, `no chart of ${CHART.width} x ${CHART.height}: ${JSON.stringify(seen.images)}`);

  assert.ok(seen.claims, 'no claims were published');
  const claims = seen.claims.claims;
  const table = seen.tables.find(rows => rows[0]?.some(head => /verdict/i.test(head)));
  assert.ok(table, 'no table has a column of verdicts');
  assert.deepEqual(table.slice(1).map(row => row[0]), claims.map(claim => claim.claim), 'the table shows the claims that were published');
  for (const [i, claim] of claims.entries()) {
    assert.ok(table[i + 1].some(cell => cell.includes(claim.verdict)), `row ${i + 1} does not show its verdict, ${claim.verdict}`);
  }

  assert.ok(seen.bars.length >= 1, 'no progress bar is left on the page');
  assert.ok(seen.bars.every(bar => bar.value === 1 && bar.shown > 0), `a bar did not end full: ${JSON.stringify(seen.bars)}`);
  assert.ok(seen.progress.length > seen.bars.length, `no bar moved: ${JSON.stringify(seen.progress)}`);
  if (seen.markdownFormulas > 0) assert.ok(seen.formulas > 0, 'the formulas of the text are not set');
}

(async () => {
  await answering();
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1100, height: 1400 } });
    const complaints = [];
    page.on('pageerror', error => complaints.push(error.message));
    await page.addInitScript(watchProgress);
    await page.goto(`${server}/notebooks/${encodeURIComponent(notebook)}`, { waitUntil: 'domcontentloaded' });
    await page.waitForFunction(() => window.Jupyter?.notebook?.kernel?.is_connected(), null, { timeout: START_MS });
    tell('the kernel is connected');
    await page.evaluate(() => {
      Jupyter.notebook.clear_all_output();
      Jupyter.notebook.execute_all_cells();
    });
    try {
      // Either every cell has its number, or a cell failed and the rest will never run.
      await page.waitForFunction(() => {
        const cells = Jupyter.notebook.get_cells().filter(cell => cell.cell_type === 'code' && cell.get_text().trim());
        const waiting = cells.filter(cell => cell.element.hasClass('running') || !/^\d+$/.test(String(cell.input_prompt_number)));
        return waiting.length === 0 || document.querySelector('.output_error');
      }, null, { timeout: RUN_MS });
      await page.waitForFunction(() => [...document.querySelectorAll('.output_area img')].every(image => image.complete), null, { timeout: 60000 });
    } finally {
      // The page scrolls inside itself: a tall window shows all of it.
      const height = await page.evaluate(() => document.querySelector('#notebook-container')?.scrollHeight ?? 1400);
      await page.setViewportSize({ width: 1100, height: Math.min(12000, height + 200) });
      await page.waitForTimeout(300);
      await page.screenshot({ path: picture });
    }
    const seen = await page.evaluate(outputs, CLAIMS);
    tell(`${seen.cells} cells ran: ${seen.images.length} pictures, ${seen.tables.length} tables, ${seen.claims?.claims.length ?? 0} claims, `
      + `${seen.bars.length} progress bars in ${seen.progress.length} states; ${picture}`);
    judge(seen);
    assert.deepEqual(complaints, [], 'the page met no error');
    tell('all is as it should be');
  } finally {
    await browser.close();
  }
})().catch(error => {
  console.error(`  FAILED: ${error.message}`);
  process.exit(1);
});
