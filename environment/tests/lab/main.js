// Starts JupyterLab in the page, and leaves it where the check finds it.
import { JupyterLab } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';

// The server says where the chunks of the bundle lie; webpack wants to know before the first import().
__webpack_public_path__ = `${PageConfig.getOption('fullStaticUrl')}/`;

window.addEventListener('load', async () => {
  await import('./build/style.js');
  const { default: extensions } = await import('./build/extensions.js');
  const lab = new JupyterLab({ mimeExtensions: [] });
  lab.registerPluginModules(await extensions());
  await lab.start();
  await lab.restored;
  window.lab = lab;
});
