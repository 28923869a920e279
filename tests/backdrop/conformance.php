<?php
/**
 * @file
 * Puts the module's pure part to the conformance kit:
 *
 *   headcount-registry conformance -- php tests/backdrop/conformance.php INCLUDES
 *
 * Beside the kit's JSON lines it needs the directory of the module's .inc files.
 */

error_reporting(E_ALL);
set_error_handler(function ($level, $message, $file, $line) {
  throw new ErrorException($message, 0, $level, $file, $line);
});
foreach (array('week', 'age', 'token', 'answer', 'report', 'schedule', 'response', 'switches', 'terms', 'consent', 'installation', 'binary_http', 'oblivious') as $name) {
  require $argv[1] . '/' . $name . '.inc';
}

/**
 * Keeps in memory, as JSON, what a site keeps in its state.
 */
class MemoryStore {
  public $writable = TRUE;
  private $text = '{}';

  public function read() {
    return json_decode($this->text, TRUE);
  }

  public function write(array $kept) {
    if (!$this->writable) {
      throw new RuntimeException('the disk is full');
    }
    $this->text = json_encode($kept);
  }
}

/**
 * Answers as a case says, and notes which weeks and tokens leave.
 */
class ToldTransport {
  public $left = array();
  private $answers;
  private $openWeeks;

  public function __construct(array $answers, array $open_weeks) {
    $this->answers = $answers;
    $this->openWeeks = $open_weeks;
  }

  public function submit(array $envelope) {
    $this->left[] = array('week' => $envelope['week'], 'token' => bin2hex(base64_decode($envelope['token'])));
    $told = count($this->left) <= count($this->answers) ? $this->answers[count($this->left) - 1] : array('code' => 'OK');
    return $told + HeadcountResponse::of('');
  }

  public function openWeeks() {
    return array('open_weeks' => $this->openWeeks) + HeadcountResponse::of('OK');
  }
}

/**
 * One function for each question of the kit.
 */
class Questions {
  public static $projects = array();

  public static function week($given) {
    return HeadcountWeek::at($given['seconds']);
  }

  public static function week_named($given) {
    return HeadcountWeek::named($given['week']);
  }

  public static function token($given) {
    return array('token' => bin2hex(HeadcountToken::make(pack('H*', $given['secret']), $given['project'], $given['week'])));
  }

  public static function history($given) {
    $store = new MemoryStore();
    $site = new HeadcountInstallation(self::$projects[$given['project']], $store, function () {
      return 0.5;
    });
    $site->grant('extended', NULL, 'kit', $given['agreed'], pack('H*', $given['secret']));
    $told = array();
    foreach ($given['steps'] as $step) {
      $transport = new ToldTransport($step['answers'], $step['open_weeks']);
      $collect = function () {
        return array(array('version' => '1.0'), array());
      };
      $store->writable = !isset($step['writable']) || $step['writable'];
      try {
        $site->send($collect, $transport, $step['at'], NULL, TRUE);
      }
      catch (RuntimeException $error) {
        if ($store->writable) {
          throw $error;
        }
      }
      $told[] = $transport->left;
    }
    return array('steps' => $told);
  }

  public static function ages($given) {
    $store = new MemoryStore();
    $site = new HeadcountInstallation(self::$projects[$given['project']], $store, function () {
      return 0.5;
    });
    $site->grant('extended', NULL, 'kit', $given['agreed'], str_repeat('s', 32));
    $kept = $site->kept();
    unset($kept['since']); // as a former version kept it
    $store->write(array('latest' => $given['latest']) + $kept);
    $told = array();
    foreach ($given['reports'] as $moment) {
      $collect = function () {
        return array(array(), array());
      };
      $site->send($collect, new ToldTransport(array(), array()), $moment, NULL, TRUE);
      $kept = $site->kept();
      $told[] = $kept['history'][0]['json']['installationAge']['value'];
    }
    return array('ages' => $told);
  }

  public static function cut($given) {
    foreach (self::$projects[$given['project']]['keys'] as $key) {
      if ($key['name'] === $given['key']) {
        return array('value' => HeadcountAnswer::cut($key, $given['answer']));
      }
    }
  }

  public static function report($given) {
    $project = self::$projects[$given['project']];
    return HeadcountInstallation::composed($project, $project['keys'], $given['answers']);
  }

  public static function envelope_json($given) {
    $project = self::$projects[$given['project']];
    return HeadcountReport::envelope($project, $given['week'], pack('H*', $given['token']), $given['report']);
  }

  public static function response_json($given) {
    return array('ignored' => HeadcountResponse::ignored($given['body']));
  }

  public static function answer($given) {
    $plan = array('week' => $given['week'], 'moment' => 0, 'tries' => $given['tries'], 'done' => '');
    $plan = HeadcountResponse::follows($given['code'], $plan, $given['now'], $given['chance']);
    if ($plan['done']) {
      return array('then' => $plan['done'] === 'sent' ? 'counted' : 'dropped');
    }
    return array('then' => 'later', 'moment' => $plan['moment']);
  }

  public static function http($given) {
    return HeadcountResponse::read($given['status'], $given['headers'], $given['body']);
  }

  public static function hpke($given) {
    $context = HeadcountOblivious::sender(pack('H*', $given['public']), pack('H*', $given['info']), pack('H*', $given['ephemeral']));
    $sealed = sodium_crypto_aead_chacha20poly1305_ietf_encrypt(pack('H*', $given['plain']), pack('H*', $given['aad']), $context['nonce'], $context['key']);
    return array('enc' => bin2hex($context['enc']), 'sealed' => bin2hex($sealed));
  }

  public static function binary_request($given) {
    $data = HeadcountBinaryHttp::request($given['method'], $given['scheme'], $given['authority'], $given['path'], $given['fields'], pack('H*', $given['content']));
    return array('data' => bin2hex($data));
  }

  public static function binary_response($given) {
    $told = HeadcountBinaryHttp::response(pack('H*', $given['data']));
    return $told === NULL ? NULL : array('content' => bin2hex($told['content'])) + $told;
  }

  public static function oblivious_request($given) {
    $key = HeadcountOblivious::key($given['key']);
    $sealed = HeadcountOblivious::sealed($key, pack('H*', $given['plain']), pack('H*', $given['ephemeral']));
    return array('sealed' => bin2hex($sealed['data']));
  }

  public static function oblivious_response($given) {
    $sealed = HeadcountOblivious::sealed(HeadcountOblivious::key($given['key']), '', pack('H*', $given['ephemeral']));
    $plain = HeadcountOblivious::opened($sealed, pack('H*', $given['response']));
    return $plain === NULL ? NULL : array('plain' => bin2hex($plain));
  }

  public static function draw($given) {
    $first = !empty($given['first']);
    return self::drawn(HeadcountSchedule::draw($given['now'], $given['not_before'], $given['chance'], $first));
  }

  public static function planned($given) {
    $store = new MemoryStore();
    $chance = 0;
    $site = new HeadcountInstallation(self::$projects[$given['project']], $store, function () use (&$chance) {
      return $chance;
    });
    $site->grant('extended', NULL, 'kit', $given['agreed'], str_repeat('s', 32));
    $told = array();
    foreach ($given['looks'] as $look) {
      $chance = $look['chance'];
      $collect = function () {
        return array(array('version' => '1.0'), array());
      };
      $site->send($collect, new ToldTransport(array(), array()), $look['at']);
      $kept = $site->kept();
      $told[] = self::drawn($kept['plan']);
    }
    return array('plans' => $told);
  }

  private static function drawn($plan) {
    return $plan ? array('skipped' => $plan['done'] === 'skipped') + $plan : NULL;
  }

  public static function plan($given) {
    $plan = array('done' => $given['done'] ? 'sent' : '', 'tries' => 0) + $given;
    return array(
      'stands' => HeadcountSchedule::stands($plan, $given['now']),
      'due' => HeadcountSchedule::due($plan, $given['now']),
    );
  }

  public static function switches($given) {
    return array('rule' => self::off($given));
  }

  public static function off_file($given) {
    $systems = array('linux' => 'Linux', 'freebsd' => 'FreeBSD', 'macos' => 'Darwin', 'windows' => 'WINNT');
    return array('path' => HeadcountSwitches::offFile($systems[$given['system']], $given['environment']));
  }

  /**
   * Returns the rule of the switches that a question names.
   */
  private static function off(array $given) {
    $given += array('environment' => array(), 'administrator_off' => FALSE, 'off_file' => 'nothing');
    $folder = sys_get_temp_dir() . '/headcount-' . getmypid();
    mkdir($folder);
    $path = $folder . '/off';
    switch ($given['off_file']) {
      case 'file':
        file_put_contents($path, 'on');
        break;

      case 'directory':
        mkdir($path);
        break;

      case 'dangling link':
        symlink($folder . '/gone', $path);
        break;

      case 'below a file':
        file_put_contents($path, '');
        break;
    }
    $asked = $given['off_file'] === 'below a file' ? $path . '/off' : $path;
    clearstatcache();
    $rule = HeadcountSwitches::off($given['environment'], $given['administrator_off'], $asked);
    if (is_dir($path)) {
      rmdir($path);
    }
    elseif ($given['off_file'] !== 'nothing') {
      unlink($path);
    }
    rmdir($folder);
    return $rule;
  }

  public static function consent($given) {
    $record = self::said($given['steps']);
    $off = self::off($given);
    $state = HeadcountConsent::state(self::$projects[$given['project']], $record, $given['now'], $off);
    sort($state['keys']);
    sort($state['waiting']);
    $told = array('rule' => $state['rule'], 'on' => (bool) $state['keys'], 'keys' => $state['keys'], 'waiting' => $state['waiting']);
    return $record ? $told + array('not_before' => $record['not_before']) : $told;
  }

  public static function evolved($given) {
    $project = self::$projects[$given['project']];
    $record = self::said($given['steps']);
    $keys = HeadcountConsent::sentKeys($project, $record, $given['now']);
    $state = HeadcountConsent::state($project, $record, $given['now']);
    $report = HeadcountInstallation::composed($project, $keys, $given['answers']);
    sort($state['keys']);
    sort($state['waiting']);
    return array('keys' => $state['keys'], 'waiting' => $state['waiting'], 'report' => $report['json']);
  }

  /**
   * Returns the record after what people did.
   */
  private static function said(array $steps) {
    $record = NULL;
    foreach ($steps as $step) {
      $project = self::$projects[$step['project']];
      switch ($step['do']) {
        case 'grant':
          $refused = isset($step['refuse']) ? $step['refuse'] : NULL;
          $record = HeadcountConsent::yes($project, $record, $step['level'], $refused, 'kit', $step['at']);
          break;

        case 'deny':
          $record = HeadcountConsent::no($project, $record, 'kit', $step['at']);
          break;

        case 'notice':
          $record = HeadcountConsent::notice($project, $record, $step['at']);
          break;

        case 'refuse':
          $record = HeadcountConsent::refuse($project, $record, $step['key']);
          break;

        case 'allow':
          $record = HeadcountConsent::allow($project, $record, $step['key']);
          break;

        case 'level':
          $record = HeadcountConsent::level($project, $record, $step['level']);
          break;
      }
    }
    return $record;
  }
}

// PHP in WebAssembly has no standard input: its questions stand in a file.
$questions = defined('HEADCOUNT_QUESTIONS') ? fopen(HEADCOUNT_QUESTIONS, 'r') : STDIN;
while (($line = fgets($questions)) !== FALSE) {
  $question = json_decode($line, TRUE);
  if ($question['do'] === 'hello') {
    // A site without sodium sends nothing to a project that declares a relay.
    $sealing = function_exists('sodium_crypto_scalarmult') ? array() : array('hpke', 'oblivious_request', 'oblivious_response');
    Questions::$projects = $question['projects'];
    $told = array(
      'protocol' => 1,
      'client' => 'headcount for Backdrop, PHP ' . PHP_VERSION,
      'does' => array_values(array_diff(get_class_methods('Questions'), array('said', 'off', 'drawn'), $sealing)),
    );
  }
  else {
    $told = array('id' => $question['id']);
    try {
      $told['answer'] = call_user_func(array('Questions', $question['do']), $question['given']);
    }
    catch (Exception $error) {
      $told['error'] = get_class($error) . ': ' . $error->getMessage() . ' (' . $error->getLine() . ')';
    }
    catch (Throwable $error) {
      $told['error'] = get_class($error) . ': ' . $error->getMessage() . ' (' . $error->getLine() . ')';
    }
  }
  print json_encode($told) . "\n";
  flush();
}
