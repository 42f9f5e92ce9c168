"""Operations of the models, written to be fast, mainly on CPUs."""
