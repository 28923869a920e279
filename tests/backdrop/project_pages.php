<?php
/**
 * @file
 * Shows a tab of the module headcount_project on a stand-in site, as JSON:
 *
 *   php project_pages.php FOLDER MODULE menu|telemetry|usage|access|redirect PROJECT
 */

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
list(, $folder, $module, $do, $project) = $argv;
require __DIR__ . '/stand_in.php';
require "$module/headcount_project.module";
require "$module/headcount_project.pages.inc";
StandIn::begin($folder);

$node = (object) array('nid' => 7, 'project' => array('name' => $project));
switch ($do) {
  case 'menu':
    $told = headcount_project_menu();
    break;

  case 'telemetry':
    $told = headcount_project_telemetry_page($node);
    break;

  case 'usage':
    $told = headcount_project_usage_page($node);
    break;

  case 'access':
    $told = array(
      headcount_project_access($node),
      headcount_project_access((object) (array('hidden' => TRUE) + (array) $node)),
      headcount_project_access((object) array('nid' => 8)),
    );
    break;

  case 'redirect':
    $told = headcount_project_redirect($project);
    break;
}
print json_encode($told);
