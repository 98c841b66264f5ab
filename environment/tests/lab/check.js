// node check.js CHROMIUM SERVER NOTEBOOK PICTURE: what a reader of JupyterLab sees after "Run all cells".
const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');

const [browserPath, server, notebook, picture] = process.argv.slice(2);
const RUN_MS = 600000;
const VIEW = { width: 1280, height: 1150 };

const began = Date.now();
const tell = text => console.log(`  ${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`);

/** Runs in the page: the open notebook's cells and everything they show. */
function look() {
  const panel = window.lab.shell.currentWidget;
  const cells = panel.content.widgets.filter(cell => cell.model.type === 'code' && cell.model.value.text.trim());
  const all = query => [...panel.node.querySelectorAll(`.jp-OutputArea ${query}`)];
  return {
    cells: cells.length,
    waiting: cells.filter(cell => !cell.model.executionCount).length,
    errors: all('[data-mime-type="application/vnd.jupyter.stderr"], .jp-RenderedText[data-mime-type*="error"]').map(e => e.innerText.slice(0, 1500)),
    images: all('img').map(image => ({ width: image.naturalWidth, height: image.naturalHeight, shown: image.getBoundingClientRect().width })),
    verdicts: all('table').filter(table => /verdict/i.test(table.rows[0].innerText)).map(table => table.rows.length - 1),
    bars: all('.memoria-progress progress').map(bar => bar.value),
    formulas: panel.node.querySelectorAll('.jp-RenderedMarkdown .MathJax').length,
  };
}

(async () => {
  for (let tries = 0; ; tries++) {
    const there = await fetch(`${server}/api`).then(answer => answer.ok, () => false);
    if (there) break;
    assert.ok(tries < 120, `no answer from ${server}`);
    await new Promise(done => setTimeout(done, 250));
  }
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  try {
    const page = await browser.newPage({ viewport: VIEW });
    await page.goto(`${server}/lab`);
    await page.waitForFunction(() => window.lab, null, { timeout: 60000 });
    tell('JupyterLab is there');
    await page.evaluate(async path => {
      const widget = await window.lab.commands.execute('docmanager:open', { path, factory: 'Notebook' });
      await widget.context.ready;
      await widget.sessionContext.ready;
      await widget.sessionContext.session.kernel.info;
    }, notebook);
    tell('the kernel is there');
    const run = page.evaluate(() => window.lab.commands.execute('notebook:run-all-cells'));
    await Promise.race([run, new Promise((_, late) => setTimeout(() => late(new Error('the cells did not end')), RUN_MS).unref())]);
    await page.waitForFunction(() => [...document.querySelectorAll('.jp-OutputArea img')].every(image => image.complete));
    await page.waitForFunction(() => document.querySelector('.jp-RenderedMarkdown .MathJax'), null, { timeout: 20000 }).catch(() => {});
    const seen = await page.evaluate(look);
    tell(JSON.stringify({ ...seen, images: seen.images.length, bars: seen.bars.length }));
    await page.evaluate(() => {
      const panel = window.lab.shell.currentWidget;
      const charts = [...panel.node.querySelectorAll('.jp-OutputArea img')].filter(image => image.naturalWidth === 720);
      charts.at(-1)?.closest('.jp-Cell').scrollIntoView({ block: 'start' });
    });
    await page.waitForTimeout(1500);
    await page.screenshot({ path: picture });

    assert.deepEqual(seen.errors, [], 'no cell may fail');
    assert.equal(seen.waiting, 0, 'every cell runs');
    assert.ok(seen.images.length >= 2 && seen.images.every(image => image.width > 0 && image.shown > 0), 'the pictures are there');
    assert.ok(seen.images.some(image => image.width === 720 && image.height === 420), 'a chart is there');
    assert.ok(seen.verdicts.some(rows => rows > 0), 'the table of claims is there');
    assert.ok(seen.bars.length > 0 && seen.bars.every(value => value === 1), 'every progress bar ended full');
    assert.ok(seen.formulas > 0, 'the formulas are set');
    tell('all is as it should be');
  } finally {
    await browser.close();
  }
})().catch(error => {
  console.error(`  FAILED: ${error.message}`);
  process.exit(1);
});
