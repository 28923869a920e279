<?php
/**
 * @file
 * A stand-in for the part of Backdrop's API that the module uses. It is not Backdrop.
 *
 * A site is a folder: site.json says what it has, state.json is what it keeps. What it does is
 * what Backdrop 1.28 does, as far as the module can tell; tests run on a real tree too if
 * BACKDROP names one.
 */

define('REQUEST_TIME', time());
define('MENU_NORMAL_ITEM', 6);
define('MENU_LOCAL_TASK', 132);
define('MENU_CALLBACK', 0);
define('MENU_NOT_FOUND', 2);
define('REQUIREMENT_INFO', -1);
define('REQUIREMENT_WARNING', 1);
define('BACKDROP_VERSION', '1.28.2');
define('CKEDITOR5_VERSION', '40.2.0');

/**
 * The site, and what happens during one run.
 */
class StandIn {
  public static $folder;
  public static $site;
  public static $messages = array();
  public static $queries = 0;
  public static $states;
  public static $locks = array();

  public static function begin($folder) {
    self::$folder = $folder;
    self::$site = json_decode(file_get_contents("$folder/site.json"), TRUE);
    self::$states = self::stored();
    $GLOBALS['settings'] = self::$site['settings'];
    foreach (self::$site['code'] as $file) {
      require_once $file;
    }
  }

  public static function stored() {
    $file = self::$folder . '/state.json';
    return is_file($file) ? json_decode(file_get_contents($file), TRUE) : array();
  }

  /**
   * Sets one variable, or deletes it; other processes do the same, as with rows of a table.
   */
  public static function store($name, $value) {
    $lock = fopen(self::$folder . '/state.lock', 'c');
    flock($lock, LOCK_EX);
    $states = self::stored();
    unset($states[$name], self::$states[$name]);
    if ($value !== NULL) {
      $states[$name] = self::$states[$name] = $value;
    }
    file_put_contents(self::$folder . '/state.new', json_encode($states));
    rename(self::$folder . '/state.new', self::$folder . '/state.json');
  }
}

/**
 * Results of the queries that the module makes.
 */
class StandInResult {
  private $value;

  public function __construct($value) {
    $this->value = $value;
  }

  public function fetchField() {
    return $this->value;
  }

  public function fetchCol() {
    return $this->value;
  }

  public function fields($table, array $fields) {
    return $this;
  }

  public function condition($field, $pattern, $operator) {
    $prefix = str_replace('\\', '', rtrim($pattern, '%'));
    $names = array();
    foreach (array_keys(StandIn::stored()) as $name) {
      if (strpos($name, $prefix) === 0) {
        $names[] = $name;
      }
    }
    $this->value = $names;
    return $this;
  }

  public function execute() {
    return $this;
  }
}

class Database {

  public static function getConnection() {
    return new Database();
  }

  public function databaseType() {
    return StandIn::$site['database'][0];
  }

  public function version() {
    return StandIn::$site['database'][1];
  }
}

function state_get($name, $default = NULL) {
  return isset(StandIn::$states[$name]) ? unserialize(base64_decode(StandIn::$states[$name])) : $default;
}

function state_set($name, $value) {
  StandIn::store($name, base64_encode(serialize($value)));
}

function state_del($name) {
  StandIn::store($name, NULL);
}

function db_query($query, array $arguments = array()) {
  StandIn::$queries++;
  if (strpos($query, 'FROM {state}') !== FALSE) {
    $states = StandIn::stored();
    $name = $arguments[':name'];
    return new StandInResult(isset($states[$name]) ? base64_decode($states[$name]) : FALSE);
  }
  preg_match('/^SELECT COUNT\(\*\) FROM \{(\w+)\}/', $query, $parts);
  return new StandInResult(StandIn::$site['rows'][$parts[1]]);
}

function db_select($table) {
  return new StandInResult(array());
}

function db_like($text) {
  return addcslashes($text, '\%_');
}

function db_table_exists($table) {
  return isset(StandIn::$site['rows'][$table]);
}

/**
 * A cache in a file; nothing in it expires by itself.
 */
class StandInCache {

  public function get($name) {
    $file = StandIn::$folder . '/cache.' . md5($name);
    return is_file($file) ? (object) array('data' => unserialize(file_get_contents($file))) : FALSE;
  }

  public function set($name, $data) {
    file_put_contents(StandIn::$folder . '/cache.' . md5($name), serialize($data));
  }
}

function cache($bin) {
  return new StandInCache();
}

function node_access($operation, $node) {
  return empty($node->hidden);
}

function backdrop_get_normal_path($path) {
  $aliases = array('project/backdrop' => 'node/7', 'project/away' => 'https://example.org');
  return isset($aliases[$path]) ? $aliases[$path] : $path;
}

function backdrop_goto($path, array $options = array(), $code = 302) {
  print json_encode(array($code, $path));
  exit;
}

function settings_get($name, $default = NULL) {
  return isset($GLOBALS['settings'][$name]) ? $GLOBALS['settings'][$name] : $default;
}

function config_get($file, $name) {
  return StandIn::$site['config'][$file][$name];
}

function &backdrop_static($name, $default = NULL) {
  static $data = array();
  if (!array_key_exists($name, $data)) {
    $data[$name] = $default;
  }
  return $data[$name];
}

function backdrop_random_bytes($count) {
  return random_bytes($count);
}

function lock_acquire($name, $timeout = 30) {
  if (isset(StandIn::$locks[$name])) {
    return TRUE;
  }
  $file = @fopen(StandIn::$folder . "/lock.$name", 'c');
  if (!$file || !flock($file, LOCK_EX | LOCK_NB)) {
    return FALSE;
  }
  StandIn::$locks[$name] = $file;
  return TRUE;
}

function lock_wait($name, $delay = 30) {
  $until = microtime(TRUE) + $delay;
  while (microtime(TRUE) < $until) {
    $file = fopen(StandIn::$folder . "/lock.$name", 'c');
    if (flock($file, LOCK_EX | LOCK_NB)) {
      return FALSE; // and free again
    }
    usleep(25000);
  }
  return TRUE;
}

function lock_release($name) {
  unset(StandIn::$locks[$name]);
}

function backdrop_valid_test_ua() {
  return !empty(StandIn::$site['test_environment']);
}

function conf_path() {
  return StandIn::$site['conf_path'];
}

function backdrop_get_profile() {
  return 'standard';
}

function module_list() {
  return array_combine(array_keys(StandIn::$site['modules']), array_keys(StandIn::$site['modules']));
}

function module_exists($module) {
  return isset(StandIn::$site['modules'][$module]);
}

function module_implements($hook) {
  $found = array();
  foreach (module_list() as $module) {
    if (function_exists($module . '_' . $hook)) {
      $found[$module] = FALSE;
    }
  }
  headcount_module_implements_alter($found, $hook);
  return array_keys($found);
}

function module_invoke($module, $hook) {
  $function = $module . '_' . $hook;
  return function_exists($function) ? call_user_func_array($function, array_slice(func_get_args(), 2)) : NULL;
}

function backdrop_alter($hook, &$data) {
  foreach (module_implements($hook . '_alter') as $module) {
    $function = $module . '_' . $hook . '_alter';
    $function($data);
  }
}

function system_get_info($type) {
  return StandIn::$site['modules'];
}

function backdrop_get_path($type, $name) {
  return StandIn::$site['paths'][$name];
}

function backdrop_parse_info_file($path) {
  // The grammar is tested elsewhere, against Backdrop's own parser; here are plain lines.
  $info = array();
  foreach (file($path) as $line) {
    if (preg_match('/^([a-z]\w*)\s*=\s*(.*?)\s*$/', $line, $parts)) {
      $info[$parts[1]] = $parts[2];
    }
    elseif (preg_match('/^(\w+)\[(\w+)\]\s*=\s*(.*?)\s*$/', $line, $parts)) {
      $info[$parts[1]][$parts[2]] = $parts[3];
    }
    elseif (preg_match('/^(\w+)\[(\w+)\]\[(\w+)\]\s*=\s*(.*?)\s*$/', $line, $parts)) {
      $info[$parts[1]][$parts[2]][$parts[3]] = $parts[4];
    }
  }
  return $info;
}

function backdrop_get_library($module, $name) {
  return array('version' => '3.7.1');
}

function node_type_get_types() {
  $types = array();
  foreach (StandIn::$site['types'] as $name => $settings) {
    $types[$name] = (object) array('settings' => $settings);
  }
  return $types;
}

function field_info_fields() {
  return StandIn::$site['fields'];
}

function user_roles($members_only = FALSE, $permission = NULL, $full_objects = FALSE) {
  $roles = array();
  foreach (StandIn::$site['roles'] as $name => $role) {
    $roles[$name] = $full_objects ? (object) $role : $role['label'];
  }
  return $roles;
}

function language_list($only_enabled = FALSE) {
  return StandIn::$site['languages'];
}

function list_themes() {
  $themes = array();
  foreach (StandIn::$site['themes'] as $name => $status) {
    $themes[$name] = (object) array('status' => $status);
  }
  return $themes;
}

function color_get_info($theme) {
  return array('schemes' => StandIn::$site['schemes']);
}

function theme_get_setting($name, $theme) {
  return StandIn::$site['palettes'][$theme];
}

function layout_load_all() {
  $layouts = array();
  foreach (StandIn::$site['layouts'] as $name => $disabled) {
    $layouts[] = (object) array('layout_template' => $name, 'disabled' => $disabled);
  }
  return $layouts;
}

function layout_get_layout_template_info($name) {
  return array('path' => ($name === 'house' ? 'layouts/' : 'core/layouts/') . $name);
}

function views_get_all_views() {
  $views = array();
  foreach (StandIn::$site['views'] as $displays) {
    $view = (object) array('disabled' => FALSE, 'display' => array());
    foreach ($displays as $plugin) {
      $view->display[] = (object) array('display_plugin' => $plugin);
    }
    $views[] = $view;
  }
  return $views;
}

function path_is_admin($path) {
  return strpos($path, 'admin') === 0;
}

function current_path() {
  return StandIn::$site['path'];
}

function user_access($permission) {
  return in_array($permission, StandIn::$site['permissions'], TRUE);
}

function backdrop_set_message($message, $type = 'status', $repeat = TRUE) {
  StandIn::$messages[] = $message;
}

function t($text, array $arguments = array()) {
  foreach ($arguments as $name => $value) {
    $text = str_replace($name, $name[0] === '@' ? check_plain($value) : $value, $text);
  }
  return $text;
}

function get_t() {
  return 't';
}

function st($text, array $arguments = array()) {
  return t($text, $arguments);
}

function check_plain($text) {
  return htmlspecialchars((string) $text, ENT_QUOTES, 'UTF-8');
}

function url($path) {
  return "/$path";
}

function l($text, $path) {
  return '<a href="' . check_plain($path) . '">' . check_plain($text) . '</a>';
}

function format_date($seconds, $type = 'medium') {
  return gmdate('Y-m-d H:i', $seconds);
}

function backdrop_get_form($name) {
  $state = array();
  return $name(array(), $state);
}

/**
 * Does what Backdrop's function of this name does, with PHP's own HTTP client.
 */
function backdrop_http_request($url, array $options) {
  $lines = array();
  foreach ($options['headers'] as $name => $value) {
    $lines[] = "$name: $value";
  }
  $context = stream_context_create(array('http' => array(
    'method' => $options['method'],
    'header' => $lines,
    'content' => $options['data'],
    'timeout' => $options['timeout'],
    'ignore_errors' => TRUE,
    'follow_location' => 0,
    'protocol_version' => 1.0,
  )));
  $stream = @fopen($url, 'r', FALSE, $context);
  if (!$stream) {
    return (object) array('code' => -111, 'error' => 'Connection refused');
  }
  $meta = stream_get_meta_data($stream);
  $result = (object) array('data' => stream_get_contents($stream), 'headers' => array());
  foreach ($meta['wrapper_data'] as $line) {
    if (preg_match('#^HTTP/\S+ (\d+)#', $line, $parts)) {
      $result->code = (int) $parts[1];
    }
    elseif (strpos($line, ':')) {
      list($name, $value) = explode(':', $line, 2);
      $result->headers[strtolower($name)] = trim($value);
    }
  }
  return $result;
}
