DROP FUNCTION film_words(text);
DROP FUNCTION actor_starts(text);
DROP FUNCTION actor_fold(text);
DROP FUNCTION actor_fold_letters(text);
