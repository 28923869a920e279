<?php
/**
 * @file
 * Does one thing on a site that has the module, and prints what came of it as JSON:
 *
 *   php site.php FOLDER MODULE DO [JSON]
 *
 * FOLDER holds a stand-in site. If BACKDROP names the tree of an installed Backdrop on which
 * the module is enabled, FOLDER is not looked at.
 */

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
list(, $folder, $module, $do) = $argv;
$given = isset($argv[4]) ? json_decode($argv[4], TRUE) : array();

if (getenv('BACKDROP')) {
  define('BACKDROP_ROOT', getenv('BACKDROP'));
  chdir(BACKDROP_ROOT);
  $_SERVER += array('HTTP_HOST' => 'localhost', 'REMOTE_ADDR' => '127.0.0.1', 'SERVER_SOFTWARE' => '', 'REQUEST_METHOD' => 'GET');
  $_SERVER['SCRIPT_NAME'] = '/index.php';
  require_once BACKDROP_ROOT . '/core/includes/bootstrap.inc';
  backdrop_bootstrap(BACKDROP_BOOTSTRAP_FULL);
}
else {
  require __DIR__ . '/stand_in.php';
  require "$module/headcount.module";
  require "$module/headcount.install";
  spl_autoload_register(function ($class) use ($module) {
    $files = headcount_autoload_info();
    if (isset($files[$class])) {
      require $module . '/' . $files[$class];
    }
  });
  StandIn::begin($folder);
}
set_error_handler(function ($level, $message, $file, $line) use ($module) {
  if (strpos($file, $module) === 0 && (error_reporting() & $level)) {
    throw new ErrorException($message, 0, $level, $file, $line);
  }
  return FALSE;
});
require_once "$module/headcount.admin.inc";

/**
 * Returns what the site keeps, and what follows from it.
 */
function told_state() {
  $told = array('off' => HeadcountSite::off(), 'rule' => HeadcountSite::rule(), 'agreed' => HeadcountSite::agreed());
  foreach (array('due', 'open', 'web_server') as $name) {
    $told[$name] = state_get('headcount_' . $name);
  }
  foreach (HeadcountSite::projects() as $name => $project) {
    $told['projects'][$name] = HeadcountSite::installation($project)->kept();
  }
  return $told;
}

switch ($do) {
  case 'collect':
    $told = array();
    foreach (HeadcountSite::projects() as $name => $project) {
      list($answers, $notes) = HeadcountProviders::collect($project, $project['keys']);
      $report = HeadcountReport::make($project, HeadcountReport::cutAnswers($project['keys'], $answers));
      $told[$name] = array('answers' => $answers, 'notes' => $notes, 'json' => $report['json'], 'digest' => $report['digest']);
    }
    break;

  case 'grant':
    HeadcountSite::grant($given['level'], $given['refused'], 'test');
    $told = told_state();
    break;

  case 'deny':
    HeadcountSite::deny('test');
    $told = told_state();
    break;

  case 'cron':
    headcount_cron();
    $told = told_state();
    break;

  case 'send':
    $told = HeadcountSite::sendNow();
    break;

  case 'state':
    $told = told_state();
    break;

  case 'refresh':
    headcount_flush_caches();
    $told = told_state();
    break;

  case 'form':
    $form_state = array();
    $told = headcount_settings_form(array(), $form_state);
    break;

  case 'submit':
    $form_state = array('values' => $given);
    headcount_settings_form_submit(array(), $form_state);
    $told = told_state();
    break;

  case 'report':
    $told = headcount_report_page();
    break;

  case 'visit':
    headcount_init();
    $told = array('messages' => StandIn::$messages, 'queries' => StandIn::$queries);
    break;

  case 'idle':
    headcount_cron();
    $told = array('queries' => StandIn::$queries);
    break;

  case 'installer':
    $form = array();
    $form_state = array('values' => $given);
    headcount_form_install_configure_form_alter($form, $form_state);
    foreach ($form['#submit'] as $submit) {
      $submit($form, $form_state);
    }
    $told = array('form' => $form) + told_state();
    break;

  case 'updates':
    $told = $given;
    headcount_update_projects_alter($told);
    break;

  case 'implements':
    $told = array('cron' => module_implements('cron'), 'requirements' => module_implements('requirements'));
    break;

  case 'requirements':
    $told = headcount_requirements('runtime');
    break;

  case 'disable':
    headcount_disable();
    $told = StandIn::$messages;
    break;

  case 'call':
    $told = call_user_func($given['function']);
    break;

  case 'uninstall':
    headcount_uninstall();
    $told = array_keys(StandIn::stored());
    break;
}
// What a hook answers may be no UTF-8.
print json_encode($told, JSON_PARTIAL_OUTPUT_ON_ERROR);
