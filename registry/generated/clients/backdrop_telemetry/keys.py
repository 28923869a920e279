# Written by headcount-registry from the declarations of backdrop; do not edit.
"""The keys of Backdrop CMS: one method each, for the host to override.

The named sets of values are for type checkers only; import them under TYPE_CHECKING.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal, TypeAlias

    ColorPalettesValue: TypeAlias = Literal[
        "Blue Lagoon",
        "Custom",
        "Goldfish",
        "Ice",
        "Mocha",
        "Plum",
        "Default",
        "blue_lagoon",
        "default",
        "goldfish",
        "ice",
        "mocha",
        "plum",
        "other",
    ]

    CoreLayoutsValue: TypeAlias = Literal[
        "boxton",
        "geary",
        "harris",
        "moscone",
        "moscone_flipped",
        "one_column",
        "rolph",
        "simmons",
        "sutro",
        "taylor",
        "taylor_flipped",
        "three_three_four_column",
        "two_column",
        "two_column_flipped",
        "other",
    ]

    CoreModulesValue: TypeAlias = Literal[
        "admin_bar",
        "block",
        "book",
        "ckeditor",
        "ckeditor5",
        "color",
        "comment",
        "config",
        "contact",
        "contextual",
        "dashboard",
        "date",
        "dblog",
        "email",
        "entity",
        "entityreference",
        "field",
        "field_sql_storage",
        "field_ui",
        "file",
        "filter",
        "image",
        "installer",
        "language",
        "layout",
        "link",
        "list",
        "locale",
        "menu",
        "node",
        "number",
        "options",
        "path",
        "redirect",
        "search",
        "simpletest",
        "syslog",
        "system",
        "taxonomy",
        "telemetry",
        "text",
        "translation",
        "update",
        "user",
        "views",
        "views_ui",
        "other",
    ]

    DefaultThemeValue: TypeAlias = Literal[
        "basis",
        "bartik",
        "seven",
        "stark",
        "aberdeen",
        "afterlight_tribute",
        "bootstrap_lite",
        "cleanish",
        "colihaut",
        "corporate_kiss",
        "gin",
        "materialize",
        "tatsu",
        "zurb_foundation_6",
        "other",
    ]

    EditorPermissionsValue: TypeAlias = Literal[
        "access administration bar",
        "access administration pages",
        "access comments",
        "access content",
        "access content overview",
        "access contextual links",
        "access dashboard",
        "access site reports",
        "access user profiles",
        "administer blocks",
        "administer comments",
        "administer content types",
        "administer languages",
        "administer layouts",
        "administer menu",
        "administer nodes",
        "administer permissions",
        "administer redirects",
        "administer search",
        "administer site configuration",
        "administer taxonomy",
        "administer themes",
        "administer url aliases",
        "administer users",
        "administer views",
        "bypass node access",
        "create files",
        "create url aliases",
        "delete revisions",
        "edit own comments",
        "post comments",
        "revert revisions",
        "search content",
        "skip comment approval",
        "translate content",
        "use advanced search",
        "view own unpublished content",
        "view revisions",
        "view the administration theme",
        "access all views",
        "access file overview",
        "access site in maintenance mode",
        "access site-wide contact form",
        "access user contact forms",
        "add content to books",
        "administer account settings",
        "administer book outlines",
        "administer comment settings",
        "administer contact forms",
        "administer dashboard",
        "administer fields",
        "administer file types",
        "administer filters",
        "administer flexible templates",
        "administer image styles",
        "administer modules",
        "administer path patterns",
        "administer software updates",
        "administer unit tests",
        "administer view modes",
        "assign roles",
        "bypass file access",
        "cancel account",
        "change own username",
        "create new books",
        "delete files",
        "flush caches",
        "manage files",
        "notify of path changes",
        "select account cancellation method",
        "synchronize configuration",
        "translate interface",
        "upload editor files",
        "upload editor images",
        "use installer browser",
        "view any unpublished content",
        "view files",
        "view hidden paths",
        "view own files",
        "view own private files",
        "view private files",
        "other",
    ]

    FieldTypesValue: TypeAlias = Literal[
        "date",
        "datestamp",
        "datetime",
        "email",
        "entityreference",
        "file",
        "image",
        "link_field",
        "list_boolean",
        "list_float",
        "list_integer",
        "list_text",
        "number_decimal",
        "number_float",
        "number_integer",
        "taxonomy_term_reference",
        "text",
        "text_long",
        "text_with_summary",
        "other",
    ]

    InstallProfileValue: TypeAlias = Literal[
        "standard",
        "minimal",
        "other",
    ]

    LanguagesValue: TypeAlias = Literal[
        "af",
        "am",
        "ar",
        "ast",
        "az",
        "be",
        "bg",
        "bn",
        "bs",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "eo",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fil",
        "fr",
        "fy",
        "ga",
        "gd",
        "gl",
        "gu",
        "he",
        "hi",
        "hr",
        "hu",
        "hy",
        "id",
        "is",
        "it",
        "ja",
        "ka",
        "kk",
        "km",
        "kn",
        "ko",
        "ku",
        "ky",
        "lo",
        "lt",
        "lv",
        "mk",
        "ml",
        "mn",
        "mr",
        "ms",
        "my",
        "nb",
        "ne",
        "nl",
        "nn",
        "oc",
        "pa",
        "pl",
        "pt-br",
        "pt-pt",
        "ro",
        "ru",
        "si",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "sw",
        "ta",
        "te",
        "th",
        "tr",
        "uk",
        "ur",
        "vi",
        "zh-hans",
        "zh-hant",
        "in",
        "iw",
        "no",
        "pt",
        "zh",
        "other",
    ]

    MultilingualToolsValue: TypeAlias = Literal[
        "language",
        "locale",
        "translation",
        "entity_translation",
        "i18n",
        "i18n_block",
        "i18n_menu",
        "i18n_node",
        "i18n_string",
        "i18n_taxonomy",
        "l10n_update",
        "lang_dropdown",
        "title",
        "webform_localization",
        "other",
    ]

    MysqlVersionValue: TypeAlias = Literal[
        "MySQL",
        "MariaDB",
        "Percona Server",
        "Amazon Aurora",
        "SQLite",
        "PostgreSQL",
        "Aurora",
        "Percona",
        "pgsql",
        "other",
    ]

    RoleNamesValue: TypeAlias = Literal[
        "Anonymous",
        "Authenticated",
        "Administrator",
        "Editor",
        "Author",
        "Contributor",
        "Customer",
        "Manager",
        "Member",
        "Moderator",
        "Publisher",
        "Reviewer",
        "Site manager",
        "Staff",
        "Student",
        "Subscriber",
        "Teacher",
        "Volunteer",
        "Webmaster",
        "content_editor",
        "content_manager",
        "site_administrator",
        "site_manager",
        "other",
    ]

    ServerOsValue: TypeAlias = Literal[
        "Linux",
        "Windows",
        "macOS",
        "FreeBSD",
        "OpenBSD",
        "NetBSD",
        "Solaris",
        "Darwin",
        "SunOS",
        "WIN32",
        "WINNT",
        "other",
    ]

    UpgradedFromValue: TypeAlias = Literal[
        "Not upgraded",
        "Drupal 6",
        "Drupal 7",
        "other",
    ]

    WebServerValue: TypeAlias = Literal[
        "Apache",
        "nginx",
        "LiteSpeed",
        "OpenLiteSpeed",
        "Caddy",
        "FrankenPHP",
        "lighttpd",
        "IIS",
        "PHP built-in server",
        "Microsoft-IIS",
        "OpenResty",
        "PHP Development Server",
        "httpd",
        "other",
    ]

__all__ = ["Collectors"]


class Collectors:
    """The host's answers about itself. None, the default, means no answer.

    A method is called only while its key is agreed to. Its answer is cut to the declared bounds
    before it leaves: undeclared values become other, versions are shortened, and numbers become
    their range. A method may have a narrower type: with the named sets, a type checker refuses
    undeclared values.
    """

    def version(self) -> str | None:
        """Backdrop version.

        The release of Backdrop that the site runs, such as 1.34.

        Why: Decide for how long a release still gets security fixes.

        Decided: https://github.com/backdrop/backdrop-issues/issues/4533
        """
        return None

    def ckeditor5_version(self) -> str | None:
        """CKEditor 5.

        The major version of the CKEditor 5 library that the site loads, such as 40.

        Why: Decide which versions of CKEditor 5 its plugins are tested with.

        Decided: https://github.com/backdrop/backdrop-issues/issues/6214
        """
        return None

    def ckeditor_version(self) -> str | None:
        """CKEditor 4.

        The version of the CKEditor 4 library that the site loads, such as 4.22.

        Why: Decide how long security fixes for CKEditor 4 are carried over.

        Decided: https://github.com/backdrop/backdrop-issues/issues/6214
        """
        return None

    def clean_urls(self) -> bool | None:
        """Clean URLs.

        Whether the site serves its pages without the ?q= part in their addresses.

        Why: Decide whether a release may require clean URLs and drop the other form.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def color_palettes(self) -> Iterable[ColorPalettesValue | str] | None:
        """Color palettes.

        The ready-made color palettes that the site's themes use.

        Why: Decide which palettes are kept when a core theme is redrawn.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def contact_module(self) -> bool | None:
        """Contact module.

        Whether the Contact module, which offers contact forms, is enabled.

        Why: Decide whether the Contact module is on when a site is new.

        Decided: https://github.com/backdrop/backdrop-issues/issues/3023
        """
        return None

    def content_fields(self) -> int | None:
        """Fields.

        How many fields the site's content types, accounts and other things have together.

        Why: Decide for which number of fields the pages that manage them are designed and tested.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def content_items(self) -> int | None:
        """Content items.

        How many pieces of content of all types the site has.

        Why: Decide for which amount of content the database queries of a release are tested.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def content_revisions(self) -> bool | None:
        """Revisions.

        Whether at least one content type of the site keeps earlier versions of its content.

        Why: Decide whether new content types keep revisions unless told otherwise.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def contextual_links(self) -> bool | None:
        """Contextual links.

        Whether the Contextual Links module, which puts edit links next to what they edit, is
        enabled.

        Why: Decide whether contextual links get a form that works on touch screens.

        Decided: https://github.com/backdrop/backdrop-issues/issues/3417
        """
        return None

    def contributed_modules(self) -> Iterable[str] | None:
        """Contributed modules.

        The published contributed modules, with their submodules, that are enabled on the site.

        Why: Decide which contributed modules are tested against a release before it comes out, and
        which could move into Backdrop.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def core_layouts(self) -> Iterable[CoreLayoutsValue | str] | None:
        """Core layouts.

        The layout templates of Backdrop that the site's layouts are built on.

        Why: Decide which layout templates stay in Backdrop and which may move out.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def core_modules(self) -> Iterable[CoreModulesValue | str] | None:
        """Core modules.

        The modules of Backdrop itself that are enabled on the site.

        Why: Decide which modules stay in Backdrop, and which are on when a site is new.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5185
        """
        return None

    def custom_content_types(self) -> int | None:
        """Custom content types.

        How many content types were added to those that a new site comes with.

        Why: Decide whether the forms for making content types need work before others.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def default_theme(self) -> DefaultThemeValue | str | None:
        """Default theme.

        The published theme that visitors see.

        Why: Decide which themes stay in Backdrop and which one new sites start with.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5186
        """
        return None

    def drupal_compatibility(self) -> bool | None:
        """Drupal compatibility layer.

        Whether the layer that lets code for Drupal 7 call functions by their old names is on.

        Why: Decide whether version 2 of Backdrop can ship without the layer.

        Decided: https://github.com/backdrop/backdrop-issues/issues/6443
        """
        return None

    def editor_permissions(self) -> Iterable[EditorPermissionsValue | str] | None:
        """Permissions added to the Editor role.

        Which permissions of Backdrop the Editor role has on the site beyond those it came with.

        Why: Decide which permissions the Editor role comes with on new sites.

        Decided: https://github.com/backdrop/backdrop-issues/issues/4339
        """
        return None

    def field_types(self) -> Iterable[FieldTypesValue | str] | None:
        """Field types.

        The field types of Backdrop that at least one field of the site uses.

        Why: Decide which field modules are enabled when a site is new.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5913
        """
        return None

    def install_profile(self) -> InstallProfileValue | str | None:
        """Install profile.

        The install profile of Backdrop that the site was set up with.

        Why: Decide which install profiles Backdrop keeps and how much work goes into each.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5187
        """
        return None

    def install_version(self) -> str | None:
        """First version.

        The release of Backdrop that was current when the site was installed, such as 1.24.

        Why: Decide how long update steps for old releases are kept, by how many sites are built
        once and how many are kept up.

        Decided: https://github.com/backdrop/backdrop-issues/issues/4533
        """
        return None

    def jquery_version(self) -> str | None:
        """jQuery.

        The version of jQuery that pages load, such as 3.7.

        Why: Decide when the old jQuery that ships as a fallback can be removed.

        Decided: https://github.com/backdrop/backdrop-issues/issues/6537
        """
        return None

    def languages(self) -> Iterable[LanguagesValue | str] | None:
        """Languages.

        The languages that are enabled on the site, as ISO codes.

        Why: Decide which translations are checked before a release and shipped with it.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5184
        """
        return None

    def managed_files(self) -> int | None:
        """Managed files.

        How many files the site keeps track of.

        Why: Decide whether the file and image browsers have to cope with very many files.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def multilingual_tools(self) -> Iterable[MultilingualToolsValue | str] | None:
        """Multilingual tools.

        The modules for several languages that are enabled on the site.

        Why: Decide which tools for translating content are worth moving into Backdrop.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5184
        """
        return None

    def multisite(self) -> bool | None:
        """Multisite.

        Whether one copy of the code serves several sites and this is one of them.

        Why: Decide whether multisite stays in Backdrop and gets a place in its interface.

        Decided: https://github.com/backdrop/backdrop-issues/issues/3206
        """
        return None

    def mysql_version(self) -> tuple[MysqlVersionValue | str, str | None] | str | None:
        """Database.

        The database server that holds the content, with its version, such as MariaDB 10.11.

        Why: Decide which database servers and versions the next release is tested on and still
        supports.

        Decided: https://github.com/backdrop/backdrop-issues/issues/285
        """
        return None

    def php_version(self) -> str | None:
        """PHP version.

        The version of PHP that runs the site, such as 8.2.

        Why: Decide which PHP versions the next release still has to support.

        Decided: https://github.com/backdrop/backdrop-issues/issues/285
        """
        return None

    def role_names(self) -> Iterable[RoleNamesValue | str] | None:
        """Role names.

        Which roles with a common name the site has.

        Why: Decide which roles a new site comes with.

        Decided: https://github.com/backdrop/backdrop-issues/issues/1285
        """
        return None

    def roles(self) -> int | None:
        """Roles.

        How many roles the site has, the built-in ones included.

        Why: Decide for which number of roles the permissions page is designed.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def server_os(self) -> ServerOsValue | str | None:
        """Server operating system.

        The family of operating systems that the server belongs to, such as Linux.

        Why: Decide which operating systems the automated tests run on.

        Decided: https://github.com/backdrop/backdrop-issues/issues/285
        """
        return None

    def sticky_admin_bar(self) -> bool | None:
        """Sticky admin bar.

        Whether the admin bar stays at the top of the window while the page scrolls.

        Why: Decide whether the admin bar is sticky on new sites.

        Decided: https://github.com/backdrop/backdrop-issues/issues/788
        """
        return None

    def update_module(self) -> bool | None:
        """Update module.

        Whether the Update module, which looks for new releases, is enabled.

        Why: Decide how far counts of sites that come from update checks can be trusted.

        Decided: https://github.com/backdrop/backdrop-issues/issues/6725
        """
        return None

    def upgraded_from(self) -> UpgradedFromValue | str | None:
        """Upgraded from.

        Whether the site was upgraded from Drupal, and from which major version.

        Why: Decide how long the upgrade path from Drupal is maintained.

        Decided: https://github.com/backdrop/backdrop-issues/issues/4533
        """
        return None

    def views_block_displays(self) -> int | None:
        """Block displays of views.

        How many displays of the site's views are blocks.

        Why: Decide whether a new view starts with a block or with a page.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def views_page_displays(self) -> int | None:
        """Page displays of views.

        How many displays of the site's views are pages.

        Why: Decide whether a new view starts with a page or with a block.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def web_server(self) -> tuple[WebServerValue | str, str | None] | str | None:
        """Web server.

        The web server that delivers pages, with its version where the site knows it, such as nginx
        1.26.

        Why: Decide which web servers get shipped configuration files and release tests.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5423
        """
        return None

    def accounts(self) -> int | None:
        """User accounts.

        How many user accounts the site has.

        Why: Decide for which number of accounts the pages that list users are designed and tested.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5231
        """
        return None

    def enabled_themes(self) -> int | None:
        """Active themes.

        How many themes are enabled on the site.

        Why: Decide whether the page that lists themes should be built for a few themes or for many.

        Decided: https://github.com/backdrop/backdrop-issues/issues/5186
        """
        return None
