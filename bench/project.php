<?php

/**
 * @file
 * Enables the original's server on the Backdrop site in this directory, for one project.
 *
 *     php project.php PROJECT KEY...
 *
 * It does what the administrator of such a site does in three forms.
 */

define('BACKDROP_ROOT', getcwd());
$_SERVER += [
  'HTTP_HOST' => 'localhost',
  'REMOTE_ADDR' => '127.0.0.1',
  'REQUEST_METHOD' => 'GET',
  'SERVER_SOFTWARE' => '',
];
require_once BACKDROP_ROOT . '/core/includes/bootstrap.inc';
backdrop_bootstrap(BACKDROP_BOOTSTRAP_FULL);

$keys = array_slice($argv, 2);
if (!module_enable(['project', 'project_release', 'project_telemetry'])) {
  fwrite(STDERR, "the modules of the server side cannot be enabled\n");
  exit(1);
}
node_type_cache_reset();
$node = entity_create('node', ['type' => 'project', 'title' => $argv[1], 'uid' => 1]);
$node->project = [
  'name' => $argv[1],
  'sandbox' => 0,
  'telemetry' => [
    'enabled' => TRUE,
    'allowed_values' => array_fill_keys($keys, ['label' => 'asked', 'precision' => '']),
  ],
];
$node->save();
