-- Functions that depend on a text only. Python has the same rule (`fold`): tests compare the characters below with its
-- constants, and the results of both.

-- Removes marks and apostrophes, replaces letters that Unicode does not decompose, and turns separators into one
-- space. translate() searches its list from the start for each letter, so the most frequent letters of names come
-- first: the common Latin letters, then Cyrillic and Greek.
CREATE FUNCTION actor_fold_letters(name text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    folded text := name;
BEGIN
    -- Most names are plain and can skip these steps, which take long for a million rows.
    IF folded ~ '[^ A-Za-z]|  ' COLLATE "C" THEN
        folded := regexp_replace(normalize(folded, NFKD), '[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670''`\u2018\u2019\u02bb\u02bc\u02be\u02bf]', '', 'g');
        IF folded ~ '[À-Ֆẞ]' THEN
            folded := translate(replace(replace(replace(replace(replace(replace(replace(replace(folded, 'ß', 'ss'), 'ẞ', 'ss'), 'æ', 'ae'), 'Æ', 'ae'), 'œ', 'oe'), 'Œ', 'oe'), 'þ', 'th'), 'Þ', 'th'), 'aeinorstlmkdvcuhgybpzjfwqx абвгдежзийклмнопрстуфхцчшщъыьэюяαβγδεζηθικλμνξοπρςστυφχψωАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡ΢ΣΤΥΦΧΨΩABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞðøĀĂĄĆĈĊČĎĐđĒĔĖĘĚĜĞĠĢĤĦħĨĪĬĮıĲĴĶĹĻĽĿŁłŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŧŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎͰͲͶͿΆΈΉΊΌΎΏΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ', 'aeinorstlmkdvcuhgybpzjfwqx абвгдежзийклмнопрстуфхцчшщъыьэюяαβγδεζηθικλμνξοπρσστυφχψωабвгдежзийклмнопрстуфхцчшщъыьэюяαβγδεζηθικλμνξοπρ΢στυφχψωabcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïdñòóôõöoùúûüýþdoāăąćĉċčďddēĕėęěĝğġģĥhhĩīĭįiĳĵķĺļľŀllńņňŋōŏőœŕŗřśŝşšţťttũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏͱͳͷϳάέήίόύώϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯθϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ');
        END IF;
        folded := normalize(regexp_replace(folded, '[ \t\r\n\-\u2010-\u2015\u00b7\u2022\u30fb\u3001\u3002_.,/()"\u201c\u201d&+!?:;|@#*=<>\[\]{}~%^$\\]+', ' ', 'g'), NFC);
    END IF;
    RETURN btrim(lower(folded COLLATE "C"), ' ');
END $$;

-- Folds a plain name without a function call: PostgreSQL inlines a function of this kind.
CREATE FUNCTION actor_fold(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN name ~ '[^ A-Za-z]|  ' COLLATE "C" THEN actor_fold_letters(name)
        ELSE btrim(lower(name COLLATE "C"), ' ') END
$$;

-- The first letter and the first two letters of each part of a name. In scripts written without spaces (Thai, kana,
-- Han, Hangul), every letter and every pair: so short a text has no trigram, and no other index would find it.
CREATE FUNCTION actor_starts(search text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    part text;
    starts text[] := '{}';
    unspaced text;
BEGIN
    FOREACH part IN ARRAY string_to_array(search, ' ') LOOP
        starts := starts || ARRAY[left(part, 1), left(part, 2)];
    END LOOP;
    IF search ~ '[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]' THEN
        unspaced := regexp_replace(search, '[^\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff ]+', ' ', 'g');
        -- Every letter; the pairs that begin at the first, third … letter; those at the second, fourth …
        starts := starts || string_to_array(concat_ws(' ',
            regexp_replace(unspaced, '([^ ])', '\1 ', 'g'),
            regexp_replace(unspaced, '([^ ][^ ])', '\1 ', 'g'),
            regexp_replace(regexp_replace(unspaced, '(^| )[^ ]', ' ', 'g'), '([^ ][^ ])', '\1 ', 'g')), ' ');
    END IF;
    RETURN array_remove(starts, '');
END $$;

-- The words of a title, which "Did you mean" searches.
CREATE FUNCTION film_words(search text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    RETURN ARRAY(
        SELECT word FROM unnest(string_to_array(search, ' ')) AS word
        WHERE length(word) BETWEEN 3 AND 21);
END $$;
